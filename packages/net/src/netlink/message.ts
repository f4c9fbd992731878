// Netlink messages: a header, a fixed structure and attributes.
import type { AttributeTable, Entries, ValuesOf } from './attributes.js';
import type { Location } from './codec.js';
import type { Struct } from './struct.js';
import { type Writer, written } from './writer.js';

/** Bytes of struct nlmsghdr. */
export const HEADER = 16;

/** Bits of nlmsg_flags. */
export const NLM_F = Object.freeze({
  REQUEST: 1,
  MULTI: 2,
  ACK: 4,
  /** The sender gets the notification of the listeners as well. */
  ECHO: 8,
  DUMP_INTR: 0x10,
  /** Dump: the whole table (ROOT and MATCH). */
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** Of an acknowledgement: the request is cut off, attributes follow. */
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
});

/** Types of messages that all protocols share. */
export const NLMSG = Object.freeze({ NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 });

const align = (length: number) => (length + 3) & ~3;

/**
 * Content of a message. It inherits nothing: members that the kernel has left out are not read from a polluted
 * Object.prototype. (An object without a prototype of its own would be slow.)
 */
class Decoded {}
Object.setPrototypeOf(Decoded.prototype, null);

/** The body of a message: what follows the header. */
export class Body<H, E extends Entries> {
  readonly header: Struct<H>;
  readonly attributes: AttributeTable<E>;

  constructor(header: Struct<H>, attributes: AttributeTable<E>) {
    this.header = header;
    this.attributes = attributes;
  }

  /** The same messages, of which only these attributes are read. */
  reading<const K extends keyof E>(...names: readonly K[]): Body<H, Pick<E, K>> {
    return new Body(this.header, this.attributes.reading(...names));
  }

  encode(header: Partial<H>, attributes: ValuesOf<E>): Uint8Array {
    return written((writer) => this.writeTo(writer, header, attributes));
  }

  writeTo(writer: Writer, header: Partial<H>, attributes: ValuesOf<E>): void {
    const at = writer.take(align(this.header.size));
    this.header.writeSome(header, writer.bytes, at, 'header');
    this.attributes.writeTo(writer, attributes);
  }

  /** Fields of the structure and attributes in one object; undefined if even the former is cut off. */
  decode(bytes: Buffer, start: number, end: number): (H & ValuesOf<E>) | undefined {
    if (end - start < this.header.size) return undefined;
    const value = new Decoded();
    this.header.readInto(value, bytes, start);
    this.attributes.readInto(value, bytes, Math.min(end, start + align(this.header.size)), end);
    return value as H & ValuesOf<E>;
  }

  /** Returns the names at an offset of a whole message, its header included. */
  locate(message: Buffer, offset: number): Location {
    return this.attributes.locate(
      message,
      HEADER + align(this.header.size),
      message.length,
      offset,
    );
  }
}

/** Anything that can name what lies in a message. */
export interface Locator {
  locate(message: Buffer, offset: number): Location;
}

/** A request before it is sent. */
export interface Request {
  /** Type of the message, and its name in errors: `RTM_NEWLINK`. */
  readonly type: number;
  readonly name: string;
  /** Beyond NLM_F_REQUEST. */
  readonly flags: number;
  readonly body: Uint8Array;
  /** Names the kernel's complaints. */
  readonly locator?: Locator;
  /** Content of the request, for errors. */
  readonly about: object;
}

/** Bytes of a request's message, with what aligns the next one. */
export const sizeOf = ({ body }: Request): number => align(HEADER + body.length);

/** Writes the message of a request, and gives where it ends. */
export function writeMessage(
  { type, flags, body }: Request,
  more: number,
  sequence: number,
  message: Buffer,
  at = 0,
): number {
  const length = HEADER + body.length;
  message.writeUInt32LE(length, at);
  message.writeUInt16LE(type, at + 4);
  message.writeUInt16LE(flags | more | NLM_F.REQUEST, at + 6);
  message.writeUInt32LE(sequence, at + 8);
  message.writeUInt32LE(0, at + 12);
  message.set(body, at + HEADER);
  const end = at + align(length);
  for (let i = at + length; i < end; i++) message[i] = 0;
  return end;
}

/** The messages in a datagram; false from `visit` ends it. Broken ones end it too. */
export function eachMessage(
  bytes: Buffer,
  length: number,
  visit: (type: number, flags: number, sequence: number, start: number, end: number) => void,
): void {
  let at = 0;
  while (at + HEADER <= length) {
    const size = bytes.readUInt32LE(at);
    if (size < HEADER || at + size > length) return;
    visit(
      bytes.readUInt16LE(at + 4),
      bytes.readUInt16LE(at + 6),
      bytes.readUInt32LE(at + 8),
      at + HEADER,
      at + size,
    );
    at += align(size);
  }
}
