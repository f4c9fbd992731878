// The addresses behind a bridge.
import { formatIP, parseIP, parsePrefix } from '../netlink/addresses.js';
import type { Route } from '../route/route.js';

/** A bridge and the addresses behind it: the first is its own, the others are for namespaces. */
export interface NatNetwork {
  readonly bridge: string;
  /** The first address of the prefix as a number. */
  readonly base: number;
  readonly prefixlen: number;
}

/** An IPv4 address that is given as a number. */
export const dotted = (address: number) =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** The address of the bridge, which is the gateway for what is behind it. */
export const gatewayOf = ({ base }: NatNetwork) => dotted(base + 1);

const maskOf = (prefixlen: number) => (prefixlen === 0 ? 0 : (~0 << (32 - prefixlen)) >>> 0);

/** The first address and the length of a prefix that the kernel has given. */
function rangeOf(prefix: string): { base: number; prefixlen: number } {
  const { address, prefixlen } = parsePrefix(prefix, 'prefix');
  const base = (parseIP(address, 'prefix').readUInt32BE() & maskOf(prefixlen)) >>> 0;
  return { base, prefixlen };
}

/** Checks the options. */
export function toNetwork(bridge: unknown, network: unknown): NatNetwork {
  if (typeof bridge !== 'string' || !/^[a-z][\w.-]{0,14}$/i.test(bridge)) {
    throw new TypeError(`bridge must be the name of an interface: ${String(bridge)}`);
  }
  const { address, prefixlen } = parsePrefix(network as string, 'network');
  if (address.includes(':')) throw new TypeError(`network must be of IPv4: ${network}`);
  if (prefixlen < 8 || prefixlen > 30) {
    throw new RangeError(`network must have a prefix of 8 to 30 bits: ${network}`);
  }
  const { base } = rangeOf(`${address}/${prefixlen}`);
  if (dotted(base) !== formatIP(parseIP(address, 'network'), 0, 4)) {
    throw new RangeError(`network must begin with its first address: ${network}`);
  }
  return { bridge, base, prefixlen };
}

/**
 * Throws if the host has some of the addresses already: by an interface on one of its networks, or
 * by a route to a part of them. What is sent there would go to the namespaces of the bridge instead.
 */
export function assertFree(route: Route, { bridge, base, prefixlen }: NatNetwork): void {
  const family = 'inet' as const;
  const own = route.link.list().find(({ ifname }) => ifname === bridge)?.ifindex;
  const overlaps = (prefix: string, least: number) => {
    const other = rangeOf(prefix);
    const mask = maskOf(Math.min(prefixlen, other.prefixlen));
    return other.prefixlen >= least && (base & mask) >>> 0 === (other.base & mask) >>> 0;
  };
  const names = new Map(route.link.list().map(({ ifindex, ifname }) => [ifindex, ifname]));
  const taken = [
    ...route.address
      .list({ family })
      .filter(({ ifindex }) => ifindex !== own)
      .map((one) => ({
        prefix: `${one.local}/${one.prefixlen}`,
        dev: names.get(one.ifindex),
        least: 0,
      })),
    ...route.route
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
