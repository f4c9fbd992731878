// Fixed C structures: the headers of messages and some attributes.
import { parse } from '@ns/core/authors';
import type { Codec, Scalar } from './codec.js';

type Fields = Readonly<Record<string, Scalar<unknown>>>;

/** Values of a structure's fields. */
export type FieldsOf<F extends Fields> = {
  -readonly [K in keyof F as K extends `_${string}` ? never : K]: F[K] extends Scalar<infer V>
    ? V
    : never;
};

/** A structure without holes, its fields in order. */
export interface Struct<V> extends Codec<V> {
  readonly size: number;
  /** All fields; undefined if there are not enough bytes. */
  decode(bytes: Buffer, start: number, end: number): V | undefined;
  /** Writes the fields given; the others are zero. */
  encodeSome(value: Partial<V>, name: string): Uint8Array;
  /** The same into zeroed bytes that are there. */
  writeSome(value: Partial<V>, bytes: Buffer, at: number, name: string): void;
  /** Reads the fields into an existing object; there must be enough bytes. */
  readInto(target: object, bytes: Buffer, start: number): void;
}

/** Defines a structure; `_` at the start of a name marks padding, which is not decoded. */
export function struct<F extends Fields>(fields: F): Struct<FieldsOf<F>> {
  const list: { name: string; scalar: Scalar<unknown>; at: number; padding: boolean }[] = [];
  let size = 0;
  for (const [name, scalar] of Object.entries(fields)) {
    list.push({ name, scalar, at: size, padding: name.startsWith('_') });
    size += scalar.size;
  }
  const visible = list.filter(({ padding }) => !padding);
  const keys = visible.map(({ name }) => name);
  const readInto = (target: object, bytes: Buffer, start: number) => {
    const record = target as Record<string, unknown>;
    for (const { name, scalar, at } of visible) record[name] = scalar.read(bytes, start + at);
  };
  const writeSome = (value: object, bytes: Buffer, start: number, name: string) => {
    const record = value as Record<string, unknown>;
    for (const field of visible) {
      const given = Object.hasOwn(record, field.name) ? record[field.name] : undefined;
      if (given === undefined) continue;
      field.scalar.write(given, bytes, start + field.at, `${name}.${field.name}`);
    }
  };
  const encodeSome = (value: object, name: string) => {
    const bytes = Buffer.alloc(size);
    writeSome(value, bytes, 0, name);
    return bytes;
  };
  return {
    size,
    readInto,
    decode(bytes, start, end) {
      if (end - start < size) return undefined;
      const value = {};
      readInto(value, bytes, start);
      return value as FieldsOf<F>;
    },
    encode(value, name) {
      for (const key of Object.keys(parse.ownMembers(value, name))) {
        if (!keys.includes(key)) parse.refuseKey(name, key, keys);
      }
      return encodeSome(value, name);
    },
    encodeSome,
    writeSome,
  };
}
