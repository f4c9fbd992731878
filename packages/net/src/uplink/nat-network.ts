// The addresses behind a bridge.
import { type Parser, parse } from '@ns/core/authors';
import { formatIP, parseIP, parsePrefix } from '../netlink/addresses.js';
import type { Route } from '../route/route.js';

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

/** A network that the host has an address in or a route to. */
interface TakenNetwork extends AddressRange {
  readonly prefix: string;
  readonly dev: string | number | undefined;
  /** True if it may lie around the addresses of a bridge: their route is the longer one, and wins. */
  readonly mayContain: boolean;
}

/** Lists the networks of the host, without those of a bridge. */
function listTakenNetworks(route: Route, bridge: string): TakenNetwork[] {
  const family = 'inet' as const;
  const names = new Map(route.link.list().map(({ ifindex, ifname }) => [ifindex, ifname]));
  const addresses = route.address.list({ family }).map(({ local, prefixlen, ifindex }) => ({
    ...{ prefix: `${local}/${prefixlen}`, dev: names.get(ifindex), mayContain: false },
  }));
  const routes = route.route
    .list({ family, table: 'main' })
    .filter(({ dst }) => dst !== 'default')
    .map(({ dst, dev }) => ({ prefix: dst, dev, mayContain: true }));
  return [...addresses, ...routes]
    .filter(({ dev }) => dev !== bridge)
    .map((one) => ({ ...one, ...rangeOf(one.prefix) }));
}

/** Returns true if packets to the addresses of one network could go to the other. */
function overlaps({ base, prefixlen }: AddressRange, taken: TakenNetwork): boolean {
  if (taken.mayContain && taken.prefixlen < prefixlen) return false;
  const mask = maskOf(Math.min(prefixlen, taken.prefixlen));
  return (base & mask) >>> 0 === (taken.base & mask) >>> 0;
}

/**
 * Throws if the host has some of the addresses already: by an interface on one of its networks, or
 * by a route to a part of them. Packets to these would go to the namespaces of the bridge instead.
 */
function assertFree(range: AddressRange, bridge: string, all: readonly TakenNetwork[]): void {
  const taken = all.find((one) => overlaps(range, one));
  if (taken === undefined) return;
  const of = taken.dev === undefined ? '' : ` of ${taken.dev}`;
  throw new Error(
    `cannot use ${dotted(range.base)}/${range.prefixlen} for ${bridge}: the host has ` +
      `${taken.prefix}${of}; give another one as \`network\`, or none`,
  );
}

/**
 * Networks to choose from, in this order. None is the default of docker, podman, libvirt or of a
 * network of Kubernetes.
 */
const candidates: readonly AddressRange[] = [
  ...Array.from({ length: 16 }, (_, i) => rangeOf(`10.${208 + i}.0.0/16`)),
  ...Array.from({ length: 8 }, (_, i) => rangeOf(`172.${24 + i}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, i) => rangeOf(`192.168.${208 + i}.0/24`)),
];

/**
 * Chooses the addresses behind a bridge: those that are wanted, those that the bridge has already, or
 * the first network that the host has neither an address in nor a route to.
 *
 * @param isOwn uplinks have made the bridge, so that its address is their gateway
 */
export function chooseNetwork(
  route: Route,
  bridge: string,
  wanted: AddressRange | undefined,
  isOwn: boolean,
): NatNetwork {
  const taken = listTakenNetworks(route, bridge);
  if (wanted !== undefined) {
    assertFree(wanted, bridge, taken);
    return { bridge, ...wanted };
  }
  const [own] = isOwn ? route.address.list({ dev: bridge, family: 'inet' }) : [];
  if (own !== undefined) return { bridge, ...rangeOf(`${own.local}/${own.prefixlen}`) };
  const free = candidates.find((range) => !taken.some((one) => overlaps(range, one)));
  if (free !== undefined) return { bridge, ...free };
  throw new Error(
    `cannot choose a network for ${bridge}: the host has all of them; give one as \`network\``,
  );
}
