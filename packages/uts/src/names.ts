// Host name and NIS domain name: read and write.
import type { InOptions } from '@ns/core';
import { callIn, inNamespace, type Members, parse } from '@ns/core/authors';
import { type Name, nameBytes } from './name.js';
import { parseRead, type ReadOptions, readField } from './uname.js';

const parseWrite = parse.options({ in: inNamespace('uts') } satisfies Members<InOptions>);

/**
 * Returns the host name.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see gethostname(2), hostname(1)
 */
export function readHostname(options: ReadOptions = {}): string {
  return readField('nodename', parseRead(options));
}

/**
 * Writes the host name: at most 64 bytes, without NUL. All processes of the namespace see the change.
 * Needs CAP_SYS_ADMIN in the user namespace that owns the UTS namespace.
 *
 * @throws {TypeError | RangeError} for a name with a NUL character or of more than 64 bytes
 * @throws {SystemError} EPERM without the capability
 * @see sethostname(2), hostname(1)
 */
export function writeHostname(hostname: Name, options: InOptions = {}): void {
  const { in: target } = parseWrite(options);
  const bytes = nameBytes(hostname, 'hostname');
  callIn('uts', target, 'sethostname', bytes, bytes.length);
}

/**
 * Returns the NIS (YP) domain name; `'(none)'` if it was never set. It is not a DNS domain.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see getdomainname(2), domainname(1)
 */
export function readDomainname(options: ReadOptions = {}): string {
  return readField('domainname', parseRead(options));
}

/**
 * Writes the NIS (YP) domain name: at most 64 bytes, without NUL. Needs CAP_SYS_ADMIN in the user
 * namespace that owns the UTS namespace.
 *
 * @throws {TypeError | RangeError} for a name with a NUL character or of more than 64 bytes
 * @throws {SystemError} EPERM without the capability
 * @see setdomainname(2), domainname(1)
 */
export function writeDomainname(domainname: Name, options: InOptions = {}): void {
  const { in: target } = parseWrite(options);
  const bytes = nameBytes(domainname, 'domainname');
  callIn('uts', target, 'setdomainname', bytes, bytes.length);
}
