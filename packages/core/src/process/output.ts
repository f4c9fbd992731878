// The output of one stream of a command, up to a limit.

const SMALLEST = 4096;

/**
 * Collects output in one piece of memory that grows. Chunks are copied: a chunk that is kept keeps
 * all the memory alive that it is a part of, which for a single byte can be 64 KiB.
 */
export class Output {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds what the limit leaves room for.
   *
   * @returns false if there was more
   */
  add(chunk: Uint8Array): boolean {
    const kept = Math.min(chunk.length, this.#limit - this.#length);
    this.#reserve(this.#length + kept);
    this.#bytes.set(kept === chunk.length ? chunk : chunk.subarray(0, kept), this.#length);
    this.#length += kept;
    return kept === chunk.length;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const doubled = Math.min(this.#limit, Math.max(SMALLEST, 2 * this.#bytes.length));
    const larger = Buffer.allocUnsafeSlow(Math.max(size, doubled));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  /** Returns the added bytes, without unused memory. */
  content(): Buffer {
    if (this.#length === this.#bytes.length) return this.#bytes;
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}
