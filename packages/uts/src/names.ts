// Host name and NIS domain name: get and set.
import { assertKeys, callIn, type NamespaceTarget, ownOptions, targetOf } from '@ns/core/authors';
import { assertEncoding, type Name, nameBytes } from './text.js';
import { type ReadOptions, readField } from './uname.js';

/** Options of what changes a UTS namespace. */
export interface InOptions {
  /** The UTS namespace: a handle, or the pid of a process in it. Default: the calling thread's. */
  in?: NamespaceTarget;
}

function get(field: 'nodename' | 'domainname', options: ReadOptions): string {
  assertKeys(options, ['in', 'encoding'], 'options');
  const { in: target, encoding = 'utf8' } = ownOptions(options);
  assertEncoding(encoding);
  return readField(field, target).toString(encoding);
}

/**
 * The host name.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see gethostname(2), hostname(1)
 */
export function getHostname(options: ReadOptions = {}): string {
  return get('nodename', options);
}

/**
 * Sets the host name: at most 64 bytes, any but NUL. Everything in the namespace sees the change.
 * Needs CAP_SYS_ADMIN in the user namespace that owns the UTS namespace.
 *
 * @throws {TypeError | RangeError} for a name with a NUL character or of more than 64 bytes
 * @throws {SystemError} EPERM without the capability
 * @see sethostname(2), hostname(1)
 */
export function setHostname(hostname: Name, options: InOptions = {}): void {
  const target = targetOf(options);
  const bytes = nameBytes(hostname, 'hostname');
  callIn('uts', target, 'sethostname', bytes, bytes.length);
}

/**
 * The NIS (YP) domain name; `'(none)'` where none was ever set. It has nothing to do with DNS.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see getdomainname(2), domainname(1)
 */
export function getDomainname(options: ReadOptions = {}): string {
  return get('domainname', options);
}

/**
 * Sets the NIS (YP) domain name: at most 64 bytes, any but NUL. Needs CAP_SYS_ADMIN in the user
 * namespace that owns the UTS namespace.
 *
 * @throws {TypeError | RangeError} for a name with a NUL character or of more than 64 bytes
 * @throws {SystemError} EPERM without the capability
 * @see setdomainname(2), domainname(1)
 */
export function setDomainname(domainname: Name, options: InOptions = {}): void {
  const target = targetOf(options);
  const bytes = nameBytes(domainname, 'domainname');
  callIn('uts', target, 'setdomainname', bytes, bytes.length);
}
