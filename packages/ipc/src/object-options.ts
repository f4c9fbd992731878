// Options and arguments that the three kinds of System V objects have in common.
import type { InOptions } from '@ns/core';
import {
  inNamespace,
  type Members,
  type NamespaceTarget,
  type Parser,
  parse,
} from '@ns/core/authors';

const INT_MAX = 0x7fff_ffff;

/** Options of functions that create an object. */
export interface CreateOptions {
  /**
   * The key by which other processes find the object: an integer of 32 bits other than 0. Default:
   * none; the object is private, and found by its id only.
   */
  key?: number | undefined;
  /** Permission bits. Default: 0o600. */
  mode?: number | undefined;
  /** Fails if an object has this key already. If false, that object is opened. Default: true. */
  exclusive?: boolean | undefined;
}

/** A key other than IPC_PRIVATE. */
export const key: Parser<number> = parse.integer(1, 0xffff_ffff);

/** The id of an object. */
export const objectId: Parser<number> = parse.integer(0, INT_MAX);

/** Permission bits. */
export const mode: Parser<number> = parse.integer(0, 0o777);

/** An integer of 31 bits: an index, a size. */
export const int: Parser<number> = parse.integer(0, INT_MAX);

/** Content of a message, as bytes. */
export const bytes: Parser<Uint8Array> = (value, name) => {
  if (typeof value === 'string') return Buffer.from(value);
  return value instanceof Uint8Array ? value : parse.refuse(name, 'a string or bytes', value);
};

/** Parses options that name an IPC namespace. */
export const parseIn = parse.options({ in: inNamespace('ipc') } satisfies Members<InOptions>);

const parseMembers = parse.options({
  in: inNamespace('ipc'),
  key: parse.withDefault(key, 0),
  mode: parse.withDefault(mode, 0o600),
  exclusive: parse.withDefault(parse.boolean, true),
} satisfies Members<CreateOptions & InOptions>);

/** Key and flags of shmget(2), semget(2) and msgget(2), and the namespace of the object. */
interface Creation {
  readonly in: NamespaceTarget | undefined;
  readonly key: number;
  readonly flags: number;
  /** True if the object is a new one in any case. */
  readonly isNew: boolean;
}

/** Parses the options of a function that creates an object. */
export function parseCreate(options: CreateOptions & InOptions): Creation {
  const { key, mode, exclusive, in: target } = parseMembers(options);
  const flags = 0o1000 | (exclusive ? 0o2000 : 0) | mode;
  return { key, flags, in: target, isNew: exclusive || key === 0 };
}
