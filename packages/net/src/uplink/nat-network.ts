// The addresses behind a bridge.
import { type Parser, parse } from '@ns/core/authors';
import { formatIP, parseIP, parsePrefix } from '../netlink/addresses.js';
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js';

/** The addresses of a prefix. */
export interface AddressRange {
  /** The first address of the prefix as a number. */
  readonly base: number;
  readonly prefixlen: number;
}

/** A bridge and the addresses behind it: the first is the bridge's, the others are for namespaces. */
export interface NatNetwork extends AddressRange {
  readonly bridge: string;
}

/** Returns an IPv4 address that is a number as text. */
export const dotted = (address: number) =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** Returns the address of the bridge, which is the gateway of the namespaces behind it. */
export const gatewayOf = ({ base }: NatNetwork) => dotted(base + 1);

const maskOf = (prefixlen: number) => (prefixlen === 0 ? 0 : (~0 << (32 - prefixlen)) >>> 0);

/** Returns the first address and the length of a prefix. */
function rangeOf(prefix: string): AddressRange {
  const { address, prefixlen } = parsePrefix(prefix, 'prefix');
  const base = (parseIP(address, 'prefix').readUInt32BE() & maskOf(prefixlen)) >>> 0;
  return { base, prefixlen };
}

/** The parser of the name of a bridge, which also names tables of nftables. */
export const bridgeName: Parser<string> = (value, name) =>
  typeof value === 'string' && /^[a-z][\w.-]{0,14}$/i.test(value)
    ? value
    : parse.refuse(name, 'the name of an interface: a letter, then letters, digits, . _ -', value);

/** The parser of the addresses behind a bridge: an IPv4 prefix. */
export const networkRange: Parser<AddressRange> = (value, name) => {
  const { address, prefixlen } = parsePrefix(value, name);
  if (address.includes(':')) parse.refuse(name, 'an IPv4 prefix', value);
  if (prefixlen < 8 || prefixlen > 30) {
    parse.outOfRange(name, 'a prefix of 8 to 30 bits', value);
  }
  const { base } = rangeOf(`${address}/${prefixlen}`);
  if (dotted(base) !== formatIP(parseIP(address, name), 0, 4)) {
    parse.outOfRange(name, `a prefix that begins with its first address (${dotted(base)})`, value);
  }
  return { base, prefixlen };
};

/**
 * Throws if the host has some of the addresses already: by an interface on one of its networks, or
 * by a route to a part of them. Packets to these would go to the namespaces of the bridge instead.
 */
export function assertFree(rtnetlink: Rtnetlink, { bridge, base, prefixlen }: NatNetwork): void {
  const family = 'inet' as const;
  const own = rtnetlink.links.list().find(({ ifname }) => ifname === bridge)?.ifindex;
  const overlaps = (prefix: string, least: number) => {
    const other = rangeOf(prefix);
    const mask = maskOf(Math.min(prefixlen, other.prefixlen));
    return other.prefixlen >= least && (base & mask) >>> 0 === (other.base & mask) >>> 0;
  };
  const names = new Map(rtnetlink.links.list().map(({ ifindex, ifname }) => [ifindex, ifname]));
  const taken = [
    ...rtnetlink.addresses
      .list({ family })
      .filter(({ ifindex }) => ifindex !== own)
      .map((one) => ({
        prefix: `${one.local}/${one.prefixlen}`,
        dev: names.get(one.ifindex),
        least: 0,
      })),
    ...rtnetlink.routes
      .list({ family, table: 'main' })
      .filter(({ dst, dev }) => dst !== 'default' && dev !== bridge)
      .map(({ dst, dev }) => ({ prefix: dst, dev, least: prefixlen })),
  ].find(({ prefix, least }) => overlaps(prefix, least));
  if (taken === undefined) return;
  const of = taken.dev === undefined ? '' : ` of ${taken.dev}`;
  throw new Error(
    `cannot use ${dotted(base)}/${prefixlen} for ${bridge}: the host has ${taken.prefix}${of}; ` +
      'give another one as `network`',
  );
}
