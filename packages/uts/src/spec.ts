// The spec of a new UTS namespace.
import type { NamespaceSpec } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { type Name, nameBytes } from './name.js';

/** Options of {@link uts}. */
export interface UtsOptions {
  /** The host name inside. Default: a copy of the name outside. */
  hostname?: Name | undefined;
  /** The NIS domain name inside. Default: a copy of the name outside. */
  domainname?: Name | undefined;
}

const parseUts = parse.options({
  hostname: nameBytes,
  domainname: nameBytes,
} satisfies Members<UtsOptions>);

/**
 * Returns the spec of a new UTS namespace: `spawn('sh', [], { namespaces: [uts({ hostname: 'box' })] })`.
 * The namespace starts with a copy of the names of the one that it is made from.
 *
 * @throws {TypeError | RangeError} for a name with a NUL character or of more than 64 bytes
 * @see uts_namespaces(7), sethostname(2), setdomainname(2), unshare(1) `--uts`
 */
export function uts(options: UtsOptions = {}): NamespaceSpec {
  const { hostname, domainname } = parseUts(options, 'uts');
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
