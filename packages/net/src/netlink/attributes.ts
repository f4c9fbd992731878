// Tables of attributes: one table per nest says number, name and kind of value, and serves for
// encoding, decoding and the names in error messages.
import { type Members, type Parser, parse } from '@ns/core/authors';
import { type Codec, copyOf, flag, type Location, bytes as rawBytes } from './codec.js';
import { type Writer, written } from './writer.js';

const HEADER = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

type Entry<V> = readonly [type: number, codec: Codec<V>, many?: 'many'];
/** The entries of a table, by their names. */
export type Entries = Readonly<Record<string, Entry<unknown>>>;

type ValueOf<E> = E extends readonly [number, Codec<infer V>, 'many']
  ? V[]
  : E extends readonly [number, Codec<infer V>]
    ? V
    : never;

/** An attribute that the table does not know, or whose bytes it could not read. */
export interface RawAttribute {
  /** Its number in its nest. */
  readonly type: number;
  /** Its bytes. */
  readonly data: Uint8Array;
}

/** The parser of attributes that are sent as they are. */
export const rawAttributes: Parser<RawAttribute[]> = parse.list(
  parse.options({
    type: parse.required(parse.integer(0, TYPE_MASK)),
    data: parse.required((value, name) => rawBytes.encode(value as Uint8Array, name, {})),
  } satisfies Members<RawAttribute>),
);

/** Attributes that decoding leaves over. */
export interface Leftovers {
  /** Attributes that are not in the table; encoded again as they are. */
  unknown?: RawAttribute[];
  /** Attributes whose bytes are not what the table says, and what follows a broken header. */
  malformed?: RawAttribute[];
}

const leftovers: ReadonlySet<string> = new Set<keyof Leftovers>(['unknown', 'malformed']);

/** Values of a table's attributes. */
export type ValuesOf<E extends Entries> = {
  -readonly [K in keyof E]?: ValueOf<E[K]> | undefined;
} & Leftovers;

const align = (length: number) => (length + 3) & ~3;

function raw(bytes: Buffer, type: number, start: number, end: number): RawAttribute {
  return { type, data: copyOf(bytes, start, end) };
}

function append(values: Record<string, unknown>, name: string, value: unknown): void {
  const list = Object.hasOwn(values, name) ? values[name] : undefined;
  if (Array.isArray(list)) list.push(value);
  else values[name] = [value];
}

/** One attribute with its header and padding. */
export function attribute(type: number, data: Uint8Array): Uint8Array {
  return written((writer) => {
    const at = writer.begin();
    writer.append(data);
    writer.end(at, type);
  });
}

/** Attributes one after the other: type, and where the value begins and ends. False if broken. */
export function eachAttribute(
  bytes: Buffer,
  start: number,
  end: number,
  visit: (type: number, from: number, to: number) => void,
): number {
  let at = start;
  while (at + HEADER <= end) {
    const length = bytes.readUInt16LE(at);
    if (length < HEADER || at + length > end) return at;
    visit(bytes.readUInt16LE(at + 2) & TYPE_MASK, at + HEADER, at + length);
    at += align(length);
  }
  return at < end ? at : end;
}

/** A table of attributes; as a codec, a nest of them. */
export class AttributeTable<E extends Entries> implements Codec<ValuesOf<E>> {
  readonly nested = true;
  readonly entries: E;
  /** Null for what is passed over when reading. */
  readonly #byType: (undefined | null | { name: string; codec: Codec<unknown>; many: boolean })[] =
    [];

  constructor(entries: E, passedOver: Entries = {}) {
    this.entries = entries;
    for (const [type] of Object.values(passedOver)) this.#byType[type] = null;
    for (const [name, [type, codec, many]] of Object.entries(entries)) {
      this.#byType[type] = { name, codec, many: many === 'many' };
    }
  }

  /** A table that reads only these: what is not looked at need not be decoded. */
  reading<const K extends keyof E>(...names: readonly K[]): AttributeTable<Pick<E, K>> {
    const chosen = Object.fromEntries(names.map((name) => [name, this.entries[name]]));
    return new AttributeTable(chosen as Pick<E, K>, this.entries);
  }

  decode(bytes: Buffer, start: number, end: number): ValuesOf<E> {
    const values = {};
    this.readInto(values, bytes, start, end);
    return values as ValuesOf<E>;
  }

  /** Decodes into an existing object, beside what it has. */
  readInto(target: object, bytes: Buffer, start: number, end: number): void {
    const values = target as Record<string, unknown>;
    let at = start;
    while (at + HEADER <= end) {
      const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      if (length < HEADER || at + length > end) break;
      const type = ((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)) & TYPE_MASK;
      const from = at + HEADER;
      const to = at + length;
      at += align(length);
      const entry = this.#byType[type];
      if (entry === null) continue;
      if (entry === undefined) {
        if (type !== 0) append(values, 'unknown', raw(bytes, type, from, to));
        continue;
      }
      const value = entry.codec.decode(bytes, from, to, values);
      if (value === undefined) append(values, 'malformed', raw(bytes, type, from, to));
      else if (!entry.many) values[entry.name] = value;
      else append(values, entry.name, value);
    }
    if (at < end) append(values, 'malformed', raw(bytes, 0, at, end));
  }

  encode(values: ValuesOf<E>, name = '', _siblings: object = {}): Uint8Array {
    return written((writer) => this.writeTo(writer, values, name));
  }

  writeTo(writer: Writer, values: ValuesOf<E>, name = '', _siblings: object = {}): void {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      parse.refuse(name, 'an object', values);
    }
    const prefix = name === '' ? '' : `${name}.`;
    const record = values as Record<string, unknown>;
    for (const key of Object.keys(record)) {
      const value = record[key];
      if (value === undefined) continue;
      const entry = Object.hasOwn(this.entries, key) ? this.entries[key] : undefined;
      if (entry === undefined) {
        if (!leftovers.has(key)) {
          parse.refuseKey(name || 'attributes', key, [...Object.keys(this.entries), ...leftovers]);
        }
        rawAttributes(value, prefix + key);
        continue;
      }
      const [type, codec, many] = entry;
      if (value === false && codec === flag) continue;
      const path = prefix + key;
      const flagged = codec.nested ? type | NESTED : type;
      if (many && !Array.isArray(value)) parse.refuse(path, 'an array', value);
      for (const one of many ? (value as unknown[]) : [value]) {
        const at = writer.begin();
        if (codec.writeTo) codec.writeTo(writer, one, path, values);
        else writer.append(codec.encode(one, path, values));
        writer.end(at, flagged);
      }
    }
    for (const { type, data } of Object.hasOwn(record, 'unknown') ? (values.unknown ?? []) : []) {
      const at = writer.begin();
      writer.append(data);
      writer.end(at, type);
    }
  }

  /** Name of an attribute's number in this nest. */
  nameOf(type: number): string {
    return this.#byType[type]?.name ?? `attribute ${type}`;
  }

  locate(bytes: Buffer, start: number, end: number, offset: number): Location {
    let found: Location = { path: [], nameOf: (type) => this.nameOf(type) };
    const siblings = this.decode(bytes, start, end);
    eachAttribute(bytes, start, end, (type, from, to) => {
      if (offset < from - HEADER || offset >= to) return;
      const entry = this.#byType[type];
      const name = entry?.name ?? `attribute ${type}`;
      const inner = entry?.codec.locate?.(bytes, from, to, offset, siblings);
      found = { path: [name, ...(inner?.path ?? [])], nameOf: inner?.nameOf ?? found.nameOf };
    });
    return found;
  }
}

/** Defines a table: `{ name: [number, kind of value] }`, with `'many'` for what may be repeated. */
export function attributes<const E extends Entries>(entries: E): AttributeTable<E> {
  return new AttributeTable(entries);
}

/** A nest whose members are numbered from 1 and all of one kind. */
export function arrayOf<V>(codec: Codec<V>, first = 1): Codec<V[]> {
  return {
    nested: true,
    decode(bytes, start, end) {
      const list: V[] = [];
      let whole = true;
      const stop = eachAttribute(bytes, start, end, (_type, from, to) => {
        const value = codec.decode(bytes, from, to, {});
        if (value === undefined) whole = false;
        else list.push(value);
      });
      return whole && stop === end ? list : undefined;
    },
    encode(values, name) {
      if (!Array.isArray(values)) parse.refuse(name, 'an array', values);
      const flags = codec.nested ? NESTED : 0;
      return Buffer.concat(
        values.map((value, i) =>
          attribute((first + i) | flags, codec.encode(value, `${name}[${i}]`, {})),
        ),
      );
    },
  };
}

/**
 * Returns the codec of a value whose kind a sibling names; of kinds that are not known, the bytes.
 * Bytes are written as they are: a value that was encoded when it was parsed.
 */
export function byKind<V>(
  sibling: string,
  kinds: Readonly<Record<string, Codec<unknown>>>,
  fallback: Codec<unknown>,
): Codec<V | Uint8Array> {
  const codecFor = (siblings: object): Codec<unknown> => {
    const kind: unknown = (siblings as Record<string, unknown>)[sibling];
    return (
      (typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined) ?? fallback
    );
  };
  return {
    nested: true,
    decode: (bytes, start, end, siblings) =>
      codecFor(siblings).decode(bytes, start, end, siblings) as V | undefined,
    encode: (value, name, siblings) =>
      value instanceof Uint8Array ? value : codecFor(siblings).encode(value, name, siblings),
    locate: (bytes, start, end, offset, siblings) =>
      codecFor(siblings).locate?.(bytes, start, end, offset, siblings) ?? {
        path: [],
        nameOf: (type) => `attribute ${type}`,
      },
  };
}
