// Connects a namespace to the outside, for root: a bridge on the host, a pair of interfaces, an
// address, forwarding, and masquerading by nftables.
//
// What is to be undone is written nowhere but in the kernel: the pair ends with the namespace, its
// name says which address is taken, and the bridge's alias says what forwarding was before. So
// nothing is left over after a crash that the next start does not see.
import type { Namespace } from '@ns/core';
import { isNetlinkError } from '../netlink/error.js';
import { Route } from '../route/route.js';
import { getSysctl, setSysctl } from '../sysctl.js';
import { type NetTarget, openNet } from '../where.js';
import { assertForwards } from './forwards.js';
import {
  addForwards,
  addMasquerade,
  type PortForward,
  removeForwards,
  removeTable,
} from './nft.js';

const BRIDGE = 'ns-uplink0';
const PREFIX = 'nsu';
/** 10.88.0.0/16: the bridge has the first address, the others are for namespaces. */
const NETWORK = 0x0a58_0000;
const LENGTH = 16;
const FORWARD = 'net.ipv4.ip_forward';
const TRIES = 20;

/** Options of {@link natUplink}. */
export interface NatUplinkOptions {
  /** The namespace that the way outside leads through. Default: the calling thread's. */
  host?: NetTarget;
  /** Name of the interface inside. Default: eth0. */
  name?: string;
  /** Ports of the host that lead inside. */
  forward?: readonly PortForward[];
}

const dotted = (address: number) =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** The bridge, made if it is not there. */
function ensureBridge(route: Route, host: Namespace): void {
  try {
    const alias = `ip_forward ${getSysctl(FORWARD, { in: host })}`;
    route.link.add({ kind: 'bridge', name: BRIDGE });
    route.link.change(BRIDGE, { alias });
  } catch (error) {
    if (!isNetlinkError(error, 'EEXIST')) throw error;
  }
  route.address.replace({ dev: BRIDGE, address: `${dotted(NETWORK + 1)}/${LENGTH}` });
  route.link.up(BRIDGE);
  setSysctl(FORWARD, 1, { in: host });
}

const ports = (route: Route) => route.link.list({ master: BRIDGE }).map(({ ifname }) => ifname);

/**
 * A pair with its other end inside. Its name here stands for the address: two that want the same
 * one at the same time cannot both make it, and the later takes the next.
 */
function addPair(route: Route, inside: Namespace, name: string): { dev: string; address: number } {
  const taken = new Set(ports(route));
  for (let address = NETWORK + 2; address < NETWORK + 2 ** (32 - LENGTH) - 1; address++) {
    const dev = `${PREFIX}${address.toString(16).padStart(8, '0')}`;
    if (taken.has(dev)) continue;
    try {
      const peer = { name, namespace: inside };
      route.link.add({ kind: 'veth', name: dev, peer });
    } catch (error) {
      // Either name may be taken: the one inside is the caller's to solve.
      const here = route.link.list().some(({ ifname }) => ifname === dev);
      if (!isNetlinkError(error, 'EEXIST') || !here) throw error;
      continue;
    }
    return { dev, address };
  }
  throw new Error('all addresses for uplinks are taken');
}

/** A way outside. */
export class NatUplink {
  /** The address inside. */
  readonly address: string;
  /** The address of the host, as seen from inside. */
  readonly gateway: string = dotted(NETWORK + 1);
  readonly #host: Namespace;
  readonly #pair: number;
  #closed = false;

  /** @internal */
  constructor(host: Namespace, pair: number, address: string) {
    this.#host = host;
    this.#pair = pair;
    this.address = address;
  }

  /** Takes the way outside away, and with the last one of the host the bridge and the rules. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      release(this.#host, this.#pair);
    } finally {
      this.#host.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Takes a pair away, if there is one, and the bridge if that was the last. */
function release(host: Namespace, pair: number | undefined): void {
  const route = Route.open({ in: host });
  try {
    const links = route.link.list();
    // By index: the name may be another one's by now.
    if (pair !== undefined && links.some(({ ifindex }) => ifindex === pair))
      route.link.delete(pair);
    if (!links.some(({ ifname }) => ifname === BRIDGE)) return;
    const left = new Set(ports(route));
    if (left.size > 0) {
      host.enter(() => removeForwards((owner) => !left.has(owner)));
      return;
    }
    const before = /^ip_forward (\d)$/.exec(route.link.get(BRIDGE).ifalias ?? '')?.[1];
    host.enter(() => removeTable());
    route.link.delete(BRIDGE);
    if (before !== undefined) setSysctl(FORWARD, before, { in: host });
  } finally {
    route.close();
  }
}

/** Joins the pair to the bridge, which another uplink that ends may just have taken away. */
function join(route: Route, host: Namespace, dev: string): void {
  for (let tries = 1; ; tries++) {
    ensureBridge(route, host);
    try {
      route.link.change(dev, { master: BRIDGE, up: true });
      return;
    } catch (error) {
      if (!isNetlinkError(error, 'ENODEV') || tries === TRIES) throw error;
    }
  }
}

/**
 * Connects a namespace to the outside by way of another one, with network address translation: a
 * bridge there, a pair of interfaces, an address out of 10.88.0.0/16 and a default route inside.
 * Rules are in a table of nftables of their own.
 *
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN over both, and nft(8).
 *
 * @throws {NetlinkError} EEXIST if there is an interface of this name inside
 * @throws {TypeError | RangeError} for wrong forwards
 * @see nft(8)
 * @example using way = natUplink(lab, { forward: [{ host: 8080, inside: 80 }] });
 */
export function natUplink(target: NetTarget, options: NatUplinkOptions = {}): NatUplink {
  const { name = 'eth0', forward = [] } = options;
  assertForwards(forward);
  const host = openNet(options.host);
  const inside = openNet(target);
  const route = Route.open({ in: host });
  let made: number | undefined;
  try {
    ensureBridge(route, host);
    const pair = addPair(route, inside, name);
    made = route.link.get(pair.dev).ifindex;
    join(route, host, pair.dev);
    const address = dotted(pair.address);
    const within = Route.open({ in: inside });
    try {
      within.address.add({ dev: name, address: `${address}/${LENGTH}` });
      within.link.up(name);
      within.route.add({ dst: 'default', gateway: dotted(NETWORK + 1) });
    } finally {
      within.close();
    }
    const owner = pair.dev;
    const present = new Set(ports(route));
    host.enter(() => {
      addMasquerade(BRIDGE, dotted(NETWORK), LENGTH);
      removeForwards((one) => one === owner || !present.has(one));
      addForwards(BRIDGE, address, forward, owner);
    });
    return new NatUplink(host, made, address);
  } catch (error) {
    try {
      release(host, made);
    } finally {
      host.close();
    }
    throw error;
  } finally {
    route.close();
    inside.close();
  }
}
