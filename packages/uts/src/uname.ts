// uname(2): the whole structure.
import type { InOptions } from '@ns/core';
import {
  callIn,
  inNamespace,
  type Members,
  type NamespaceTarget,
  type Parsed,
  parse,
} from '@ns/core/authors';
import { bufferEncoding, type NameEncoding } from './name.js';

const FIELD = 65;
const fields = ['sysname', 'nodename', 'release', 'version', 'machine', 'domainname'] as const;

/** The result of uname(2). Only `nodename` and `domainname` belong to the namespace. */
export interface Uname {
  /** Name of the kernel: `'Linux'`. */
  readonly sysname: string;
  /** The host name. */
  readonly nodename: string;
  /** Release of the kernel: `'6.12.48'`. */
  readonly release: string;
  /** Build of the kernel. */
  readonly version: string;
  /** The machine: `'x86_64'`. */
  readonly machine: string;
  /** The NIS domain name; `'(none)'` if it was never set. */
  readonly domainname: string;
}

/** Options of functions that read the names of a UTS namespace. */
export interface ReadOptions extends InOptions, NameEncoding {}

/** The parsers of {@link ReadOptions}. */
export const readMembers = {
  in: inNamespace('uts'),
  encoding: parse.withDefault(bufferEncoding, 'utf8'),
} satisfies Members<ReadOptions>;

export const parseRead = parse.options(readMembers);

/** {@link ReadOptions} in normal form. */
export type Reading = Parsed<typeof readMembers>;

/** Returns the bytes of each field of struct new_utsname. */
function fieldBytes(target: NamespaceTarget | undefined): Record<keyof Uname, Buffer> {
  const memory = Buffer.alloc(fields.length * FIELD);
  callIn('uts', target, 'uname', memory);
  const entries = fields.map((name, i) => {
    const field = memory.subarray(i * FIELD, (i + 1) * FIELD);
    const end = field.indexOf(0);
    return [name, end < 0 ? field : field.subarray(0, end)];
  });
  return Object.fromEntries(entries) as Record<keyof Uname, Buffer>;
}

/** Returns one field, decoded. */
export function readField(name: keyof Uname, { in: target, encoding }: Reading): string {
  return fieldBytes(target)[name].toString(encoding);
}

/**
 * Returns host name, domain name, kernel and machine.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see uname(2), uname(1)
 * @example uname().release // '6.12.48'
 */
export function uname(options: ReadOptions = {}): Uname {
  const { in: target, encoding } = parseRead(options);
  const bytes = fieldBytes(target);
  const entries = fields.map((name) => [name, bytes[name].toString(encoding)]);
  return Object.fromEntries(entries) as Record<keyof Uname, string>;
}
