// Where the messages on a channel begin and end. The child writes what it likes, so a message has a
// limit, and the work is linear in its bytes, however they come (SECURITY.md S4).
import type { Serialization } from '../child/options.js';
import { Output } from './output.js';

const NEWLINE = 10;
/** Bytes before a message of structured clone: its length, big-endian. */
const HEADER = 4;

function tooLong(limit: number): Error {
  const error = new Error(
    `the child sent a message of more than ${limit} bytes: see the option maxMessage`,
  );
  return Object.assign(error, { code: 'EMSGSIZE' });
}

/** Cuts the bytes of a channel into encoded messages. */
export class Frames {
  readonly #serialization: Serialization;
  readonly #limit: number;
  #begun: Output;
  #header: Output = new Output(HEADER);
  /** Length of the message that has begun, if its header is complete. */
  #wanted: number | undefined;

  constructor(serialization: Serialization, limit: number) {
    this.#serialization = serialization;
    this.#limit = limit;
    this.#begun = new Output(limit);
  }

  /**
   * Gives the messages that these bytes complete. They are parts of `chunk` where they can be.
   *
   * @throws {Error} with the code EMSGSIZE if one is longer than the limit
   */
  take(chunk: Buffer): Generator<Buffer> {
    return this.#serialization === 'json' ? this.#lines(chunk) : this.#sized(chunk);
  }

  *#lines(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield this.#complete(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  *#sized(chunk: Buffer): Generator<Buffer> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#wanted === undefined) {
        const part = rest.subarray(0, HEADER - this.#header.length);
        rest = rest.subarray(part.length);
        this.#header.add(part);
        if (this.#header.length < HEADER) return;
        this.#wanted = this.#header.content().readUInt32BE();
        this.#header = new Output(HEADER);
        if (this.#wanted > this.#limit) throw tooLong(this.#limit);
      }
      const part = rest.subarray(0, this.#wanted - this.#begun.length);
      rest = rest.subarray(part.length);
      if (this.#begun.length + part.length < this.#wanted) {
        this.#keep(part);
        return;
      }
      this.#wanted = undefined;
      yield this.#complete(part);
    }
  }

  #keep(part: Buffer): void {
    if (!this.#begun.add(part)) throw tooLong(this.#limit);
  }

  #complete(last: Buffer): Buffer {
    if (this.#begun.length === 0 && last.length <= this.#limit) return last;
    this.#keep(last);
    const message = this.#begun.content();
    this.#begun = new Output(this.#limit);
    return message;
  }
}
