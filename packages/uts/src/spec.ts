// What a child with a UTS namespace of its own gets.
import type { NamespaceSpec } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { type Name, nameBytes } from './text.js';

/** Options of {@link uts}. */
export interface UtsOptions {
  /** The host name inside. Default: that of the namespace it is made from. */
  hostname?: Name;
  /** The NIS domain name inside. Default: that of the namespace it is made from. */
  domainname?: Name;
}

/**
 * A new UTS namespace for a child: `spawn('sh', [], { namespaces: [uts({ hostname: 'box' })] })`.
 * It starts with a copy of the names it is made from.
 *
 * @throws {TypeError | RangeError} for a name with a NUL character or of more than 64 bytes
 * @see uts_namespaces(7), sethostname(2), setdomainname(2), unshare(1) `--uts`
 */
export function uts(options: UtsOptions = {}): NamespaceSpec {
  assertKeys(options, ['hostname', 'domainname'], 'uts');
  const names = ownOptions(options);
  const hostname = names.hostname === undefined ? undefined : nameBytes(names.hostname, 'hostname');
  const domainname =
    names.domainname === undefined ? undefined : nameBytes(names.domainname, 'domainname');
  return {
    type: 'uts',
    prepare(child) {
      const program = child.program('settings');
      const step = 'setting the names of its UTS namespace';
      if (hostname) program.call('sethostname', hostname, hostname.length, { step });
      if (domainname) program.call('setdomainname', domainname, domainname.length, { step });
    },
  };
}
