// Values of netlink attributes: how each kind of value is read from and written to bytes.
// Both machines that are supported are little-endian, and so is netlink on them, except for what
// says `be`, which is in network order everywhere.

import { type Parser, parse } from '@ns/core/authors';
import type { Writer } from './writer.js';

/**
 * A kind of value. Decoding never throws: what cannot be such a value is undefined, and the table
 * that uses the codec reports it.
 */
export interface Codec<V> {
  /** Reads `bytes` from `start` to `end`. `siblings` is what was decoded beside it so far. */
  decode(bytes: Buffer, start: number, end: number, siblings: object): V | undefined;
  /** Writes a value; `name` is for the error, `siblings` are the values beside it. */
  encode(value: V, name: string, siblings: object): Uint8Array;
  /** The same into memory that is there: for what is written often. */
  writeTo?(writer: Writer, value: V, name: string, siblings: object): void;
  /** True if the value is made of attributes: its own attribute is flagged as a nest. */
  readonly nested?: boolean;
  /** Names what lies at an offset, for error messages. */
  locate?(bytes: Buffer, start: number, end: number, offset: number, siblings: object): Location;
}

/** The names at an offset, from the outside in, and the name of a number there. */
export interface Location {
  readonly path: readonly string[];
  nameOf(type: number): string;
}

/** A codec of fixed size, which can stand in a struct. */
export interface Scalar<V> extends Codec<V> {
  readonly size: number;
  read(bytes: Buffer, at: number): V;
  write(value: V, bytes: Buffer, at: number, name: string): void;
}

function scalar<V>(size: number, read: Scalar<V>['read'], write: Scalar<V>['write']): Scalar<V> {
  return {
    size,
    read,
    write,
    // Some attributes have grown over the years: more bytes than expected are allowed.
    decode: (bytes, start, end) => (end - start < size ? undefined : read(bytes, start)),
    encode(value, name) {
      const bytes = Buffer.alloc(size);
      write(value, bytes, 0, name);
      return bytes;
    },
    writeTo(writer, value, name) {
      const at = writer.take(size);
      write(value, writer.bytes, at, name);
    },
  };
}

function integer(
  size: number,
  min: number,
  max: number,
  read: (bytes: Buffer, at: number) => number,
  put: (bytes: Buffer, value: number, at: number) => void,
): Scalar<number> {
  const parseValue = parse.integer(min, max);
  return scalar(size, read, (value, bytes, at, name) => put(bytes, parseValue(value, name), at));
}

export const u8 = integer(
  1,
  0,
  0xff,
  (b, i) => b[i] as number,
  (b, v, i) => b.writeUInt8(v, i),
);
export const s8 = integer(
  1,
  -0x80,
  0x7f,
  (b, i) => b.readInt8(i),
  (b, v, i) => b.writeInt8(v, i),
);
export const s16 = integer(
  2,
  -0x8000,
  0x7fff,
  (b, i) => b.readInt16LE(i),
  (b, v, i) => b.writeInt16LE(v, i),
);
export const u16 = integer(
  2,
  0,
  0xffff,
  (b, i) => b.readUInt16LE(i),
  (b, v, i) => b.writeUInt16LE(v, i),
);
export const be16 = integer(
  2,
  0,
  0xffff,
  (b, i) => b.readUInt16BE(i),
  (b, v, i) => b.writeUInt16BE(v, i),
);
export const u32 = integer(
  4,
  0,
  0xffff_ffff,
  (b, i) => b.readUInt32LE(i),
  (b, v, i) => b.writeUInt32LE(v, i),
);
export const be32 = integer(
  4,
  0,
  0xffff_ffff,
  (b, i) => b.readUInt32BE(i),
  (b, v, i) => b.writeUInt32BE(v, i),
);
export const s32 = integer(
  4,
  -0x8000_0000,
  0x7fff_ffff,
  (b, i) => b.readInt32LE(i),
  (b, v, i) => b.writeInt32LE(v, i),
);

/** 64 bits as a number: counters and rates, which stay far below 2 ** 53. */
export const count64 = integer(
  8,
  0,
  Number.MAX_SAFE_INTEGER,
  (b, i) => b.readUInt32LE(i) + b.readUInt32LE(i + 4) * 2 ** 32,
  (b, v, i) => {
    b.writeBigUInt64LE(BigInt(v), i);
  },
);

/** The same, signed. */
export const scount64 = integer(
  8,
  Number.MIN_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER,
  (b, i) => Number(b.readBigInt64LE(i)),
  (b, v, i) => {
    b.writeBigInt64LE(BigInt(v), i);
  },
);

/** 64 bits in full. */
export const u64 = scalar<bigint>(
  8,
  (b, i) => b.readBigUInt64LE(i),
  (value, bytes, at, name) => {
    if (typeof value !== 'bigint') parse.refuse(name, 'a bigint', value);
    if (value < 0n || value >= 1n << 64n) {
      parse.outOfRange(name, 'an unsigned integer of 64 bits', value);
    }
    bytes.writeBigUInt64LE(value, at);
  },
);

/** The same, signed. */
export const s64 = scalar<bigint>(
  8,
  (b, i) => b.readBigInt64LE(i),
  (value, bytes, at, name) => {
    if (typeof value !== 'bigint') parse.refuse(name, 'a bigint', value);
    if (BigInt.asIntN(64, value) !== value) {
      parse.outOfRange(name, 'a signed integer of 64 bits', value);
    }
    bytes.writeBigInt64LE(value, at);
  },
);

/** A truth value in the form of a number. */
export function boolean(as: Scalar<number>): Scalar<boolean> {
  return scalar(
    as.size,
    (bytes, at) => as.read(bytes, at) !== 0,
    (value, bytes, at, name) => as.write(parse.boolean(value, name) ? 1 : 0, bytes, at, name),
  );
}

/** Present means true. A table leaves it away when it is false. */
export const flag: Codec<boolean> = {
  decode: () => true,
  encode(value, name) {
    parse.boolean(value, name);
    return new Uint8Array(0);
  },
};

/** Some of the bytes, in memory of their own. */
export function copyOf(buffer: Buffer, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  for (let i = start; i < end; i++) copy[i - start] = buffer[i] as number;
  return copy;
}

/** Bytes as they are. */
export const bytes: Codec<Uint8Array> = {
  decode: copyOf,
  encode(value, name) {
    if (!(value instanceof Uint8Array)) parse.refuse(name, 'a Uint8Array', value);
    return value;
  },
};

/** A text that ends with a NUL character. `limit` is its greatest length, without the NUL. */
export function text(limit = 0xff00): Codec<string> {
  return {
    decode(buffer, start, end) {
      let stop = start;
      let ascii = true;
      while (stop < end && buffer[stop] !== 0) {
        if ((buffer[stop] as number) > 0x7f) ascii = false;
        stop++;
      }
      return ascii ? buffer.toString('latin1', start, stop) : buffer.toString('utf8', start, stop);
    },
    encode(value, name) {
      const encoded = Buffer.from(`${parse.text(value, name)}\0`);
      if (encoded.length - 1 > limit) {
        parse.outOfRange(name, `a string of at most ${limit} bytes`, value);
      }
      return encoded;
    },
  };
}

/** A name out of a fixed list, written as a number; numbers without a name stay numbers. */
export function choice<N extends string>(
  as: Scalar<number>,
  names: Readonly<Record<N, number>>,
): Scalar<N | number> {
  const byNumber = new Map(
    Object.entries<number>(names).map(([name, value]) => [value, name as N]),
  );
  return scalar<N | number>(
    as.size,
    (buffer, at) => {
      const number = as.read(buffer, at);
      return byNumber.get(number) ?? number;
    },
    (value, buffer, at, name) => {
      const number =
        typeof value === 'string' && Object.hasOwn(names, value) ? names[value] : value;
      if (typeof number !== 'number') {
        parse.refuse(name, `a number or one of ${Object.keys(names).join(', ')}`, value);
      }
      as.write(number, buffer, at, name);
    },
  );
}

/** Returns the parser of the values that a codec can write. Nothing is sent: the value is encoded to check it. */
export function encodable<V>(codec: Codec<V>): Parser<V> {
  return (value, name) => {
    codec.encode(value as V, name, {});
    return value as V;
  };
}
