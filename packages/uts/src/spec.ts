// What a child with a UTS namespace of its own gets.
import { assertKeys, type NamespaceSpec } from '@ns/core';
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
  const hostname =
    options.hostname === undefined ? undefined : nameBytes(options.hostname, 'hostname');
  const domainname =
    options.domainname === undefined ? undefined : nameBytes(options.domainname, 'domainname');
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
