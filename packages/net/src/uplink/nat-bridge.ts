// The bridge of uplinks with address translation, and the pairs of interfaces on it.
//
// What is to be undone is written nowhere but in the kernel: a pair ends with the namespace inside,
// its name says which address is taken, its alias who has made it, and the bridge's alias what
// forwarding was before. So nothing is left over after a crash that the next start does not see.
import type { Namespace } from '@ns/core';
import { parsePrefix } from '../netlink/addresses.js';
import { isNetlinkError } from '../netlink/error.js';
import type { Route } from '../route/route.js';
import { getSysctl, setSysctl } from '../sysctl.js';
import { isOrphaned, ownerMark } from './owner.js';

const PREFIX = 'nsu';
const FORWARD = 'net.ipv4.ip_forward';
const MADE_HERE = /^ip_forward (\d)$/;

/** A bridge and the addresses behind it: the first is its own, the others are for namespaces. */
export interface NatNetwork {
  readonly bridge: string;
  /** The first address of the prefix as a number. */
  readonly base: number;
  readonly prefixlen: number;
}

export const dotted = (address: number) =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** The address of the bridge, which is the gateway for what is behind it. */
export const gatewayOf = ({ base }: NatNetwork) => dotted(base + 1);

/** Checks the options. */
export function toNetwork(bridge: unknown, network: string): NatNetwork {
  if (typeof bridge !== 'string' || !/^[a-z][\w.-]{0,14}$/i.test(bridge)) {
    throw new TypeError(`bridge must be the name of an interface: ${String(bridge)}`);
  }
  const { address, prefixlen } = parsePrefix(network, 'network');
  if (address.includes(':')) throw new TypeError(`network must be of IPv4: ${network}`);
  if (prefixlen < 8 || prefixlen > 30) {
    throw new RangeError(`network must have a prefix of 8 to 30 bits: ${network}`);
  }
  const bits = Buffer.from(address.split('.').map(Number)).readUInt32BE(0);
  const base = (bits & (~0 << (32 - prefixlen))) >>> 0;
  if (base !== bits) throw new RangeError(`network must begin with its first address: ${network}`);
  return { bridge, base, prefixlen };
}

/** Names of the ports of the bridge. */
export const portsOf = (route: Route, { bridge }: NatNetwork) =>
  new Set(route.link.list({ master: bridge }).map(({ ifname }) => ifname));

/** Makes the bridge if it is not there, and lets the host forward. */
export function ensureBridge(route: Route, host: Namespace, network: NatNetwork): void {
  const { bridge, prefixlen } = network;
  try {
    const alias = `ip_forward ${getSysctl(FORWARD, { in: host })}`;
    route.link.add({ kind: 'bridge', name: bridge });
    route.link.change(bridge, { alias });
  } catch (error) {
    if (!isNetlinkError(error, 'EEXIST')) throw error;
  }
  route.address.replace({ dev: bridge, address: `${gatewayOf(network)}/${prefixlen}` });
  route.link.up(bridge);
  setSysctl(FORWARD, 1, { in: host });
}

/** Takes the bridge away, unless it was there before us. Forwarding becomes what it was. */
export function removeBridge(route: Route, host: Namespace, { bridge }: NatNetwork): void {
  const before = MADE_HERE.exec(route.link.get(bridge).ifalias ?? '')?.[1];
  if (before === undefined) return;
  route.link.delete(bridge);
  setSysctl(FORWARD, before, { in: host });
}

/** Removes a link by its index: its name may be another one's by now. It also goes with its pair. */
export function deleteIfThere(route: Route, ifindex: number): void {
  try {
    route.link.delete(ifindex);
  } catch (error) {
    if (!isNetlinkError(error, 'ENODEV')) throw error;
  }
}

/** Takes away the pairs whose makers are gone, though the namespaces inside are not. */
export function removeOrphans(route: Route): void {
  for (const { ifname, ifindex, ifalias } of route.link.list({ kind: 'veth' })) {
    if (ifname.startsWith(PREFIX) && isOrphaned(ifalias)) deleteIfThere(route, ifindex);
  }
}

/** Writes beside a pair that it is this process's. */
export function markPair(route: Route, ifindex: number): void {
  route.link.change(ifindex, { alias: ownerMark() });
}

/** A pair with its other end inside. Its name here stands for the address. */
export function addPair(
  route: Route,
  { base, prefixlen }: NatNetwork,
  inside: Namespace,
  name: string,
): { dev: string; ifindex: number; address: number } {
  const taken = new Set(route.link.list({ kind: 'veth' }).map(({ ifname }) => ifname));
  const last = base + 2 ** (32 - prefixlen) - 1; // for broadcasts
  for (let address = base + 2; address < last; address++) {
    const dev = `${PREFIX}${address.toString(16).padStart(8, '0')}`;
    if (taken.has(dev)) continue;
    route.link.add({ kind: 'veth', name: dev, peer: { name, namespace: inside } });
    return { dev, ifindex: route.link.get(dev).ifindex, address };
  }
  throw new Error('all addresses for uplinks are taken');
}
