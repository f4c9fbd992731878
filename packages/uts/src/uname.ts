// uname(2): the whole structure.
import { assertKeys, callIn, type NamespaceTarget, ownOptions } from '@ns/core/authors';
import { assertEncoding, type NameEncoding } from './text.js';

const FIELD = 65;
const fields = ['sysname', 'nodename', 'release', 'version', 'machine', 'domainname'] as const;

/** What uname(2) tells. Only `nodename` and `domainname` belong to the namespace. */
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
  /** The NIS domain name; `'(none)'` where none was ever set. */
  readonly domainname: string;
}

/** Options of what reads from a UTS namespace. */
export interface ReadOptions extends NameEncoding {
  /** The UTS namespace: a handle, or the pid of a process in it. Default: the calling thread's. */
  in?: NamespaceTarget;
}

/** The bytes of each field of struct new_utsname. */
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

/** One field as bytes. */
export function readField(name: keyof Uname, target: NamespaceTarget | undefined): Buffer {
  return fieldBytes(target)[name];
}

/**
 * uname(2): host name, domain name, kernel and machine.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see uname(2), uname(1)
 * @example uname().release // '6.12.48'
 */
export function uname(options: ReadOptions = {}): Uname {
  assertKeys(options, ['in', 'encoding'], 'options');
  const { in: target, encoding = 'utf8' } = ownOptions(options);
  assertEncoding(encoding);
  const bytes = fieldBytes(target);
  const entries = fields.map((name) => [name, bytes[name].toString(encoding)]);
  return Object.fromEntries(entries) as Record<keyof Uname, string>;
}
