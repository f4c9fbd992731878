// The bridge of uplinks with address translation, and the pairs of interfaces on it.
//
// What is to be undone is written nowhere but in the kernel: a pair ends with the namespace inside,
// its name says which address is taken, its alias which process has made it, and the alias of the
// bridge that it was made here. So nothing is left over after a crash that the next start does not see.
import type { Namespace } from '@ns/core';
import { isNetlinkError } from '../netlink/error.js';
import { Route } from '../route/route.js';
import { dotted, gatewayOf, type NatNetwork } from './nat-network.js';
import { isOrphaned, ownerMark } from './owner-mark.js';

const PREFIX = 'nsu';
const MADE_HERE = 'ns-uplink';

const hexOf = (address: number) => address.toString(16).padStart(8, '0');

/** A link-layer address for an IPv4 address: locally administered, so that it is not a device's. */
const macOf = (address: number) => `02:6e:${hexOf(address).replace(/..(?=.)/g, '$&:')}`;

/** Names of the ports of the bridge. */
export const portsOf = (route: Route, { bridge }: NatNetwork) =>
  new Set(route.link.list({ master: bridge }).map(({ ifname }) => ifname));

/** Returns true if the bridge is there and uplinks have made it. */
export const isOwnBridge = (route: Route, bridge: string): boolean =>
  route.link.list().some(({ ifname, ifalias }) => ifname === bridge && ifalias === MADE_HERE);

/** Makes the bridge if it is not there. */
export function ensureBridge(route: Route, network: NatNetwork): void {
  const { bridge, prefixlen } = network;
  try {
    // With an address of its own: else it has the lowest of its ports, and changes as they come and go.
    route.link.add({ kind: 'bridge', name: bridge, address: macOf(network.base + 1) });
    route.link.change(bridge, { alias: MADE_HERE });
  } catch (error) {
    if (!isNetlinkError(error, 'EEXIST')) throw error;
  }
  route.address.replace({ dev: bridge, address: `${gatewayOf(network)}/${prefixlen}` });
  route.link.up(bridge);
}

/** Takes the bridge away, unless it was there before us. */
export function removeBridge(route: Route, { bridge }: NatNetwork): void {
  if (route.link.get(bridge).ifalias === MADE_HERE) route.link.delete(bridge);
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

/** A pair with its other end inside. */
export interface Pair {
  /** Its name here, which stands for the address. */
  readonly dev: string;
  readonly ifindex: number;
  /** Link-layer address of the end inside. */
  readonly mac: string;
  readonly address: string;
}

/** Makes a pair with the first address that is free. */
export function addPair(
  route: Route,
  { base, prefixlen }: NatNetwork,
  inside: Namespace,
  name: string,
): Pair {
  const taken = new Set(route.link.list({ kind: 'veth' }).map(({ ifname }) => ifname));
  const last = base + 2 ** (32 - prefixlen) - 1; // for broadcasts
  for (let address = base + 2; address < last; address++) {
    const dev = `${PREFIX}${hexOf(address)}`;
    if (taken.has(dev)) continue;
    // Chosen here: what the namespace says of itself would be a stranger's word.
    const mac = macOf(address);
    route.link.add({ kind: 'veth', name: dev, peer: { name, namespace: inside, address: mac } });
    return { dev, ifindex: route.link.get(dev).ifindex, mac, address: dotted(address) };
  }
  throw new Error('all addresses for uplinks are taken');
}

/** Gives the end inside its address, and makes it the default route. */
export function configureInside(inside: Namespace, name: string, network: NatNetwork, pair: Pair) {
  const route = Route.open({ in: inside });
  try {
    route.address.add({ dev: name, address: `${pair.address}/${network.prefixlen}` });
    route.link.up(name);
    route.route.add({ dst: 'default', gateway: gatewayOf(network) });
  } finally {
    route.close();
  }
}
