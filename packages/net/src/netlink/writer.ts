// Memory that messages are written into, one after the other: no copies on the way.

const ATTRIBUTE_HEADER = 4;
const LONGEST_ATTRIBUTE = 0xffff;

const align = (length: number) => (length + 3) & ~3;

/** Growing memory. */
export class Writer {
  bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  length = 0;

  /** Room for more bytes, which are zero. Gives where it begins. */
  take(size: number): number {
    const at = this.length;
    const end = at + size;
    if (end > this.bytes.length) {
      const more = Buffer.allocUnsafeSlow(2 * Math.max(end, this.bytes.length));
      more.set(this.bytes.subarray(0, at));
      this.bytes = more;
    }
    const { bytes } = this;
    for (let i = at; i < end; i++) bytes[i] = 0;
    this.length = end;
    return at;
  }

  append(data: Uint8Array): void {
    const at = this.take(data.length);
    this.bytes.set(data, at);
  }

  /** Begins an attribute. Gives what {@link end} wants. */
  begin(): number {
    return this.take(ATTRIBUTE_HEADER);
  }

  /** Writes the header of the attribute that has begun there, and pads it. */
  end(at: number, type: number): void {
    const length = this.length - at;
    if (length > LONGEST_ATTRIBUTE) throw new RangeError(`attribute ${type} is too long`);
    const { bytes } = this;
    bytes[at] = length & 0xff;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = type & 0xff;
    bytes[at + 3] = type >>> 8;
    this.take(align(length) - length);
  }
}

// For the thread. What is written while something else is being written comes after it, and is
// taken away again.
const shared = new Writer();

/** Returns the bytes that a function writes, in memory of their own. */
export function written(write: (writer: Writer) => void): Uint8Array {
  const start = shared.length;
  try {
    write(shared);
    return Buffer.from(shared.bytes.subarray(start, shared.length));
  } finally {
    shared.length = start;
  }
}
