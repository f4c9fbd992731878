// Connects a namespace to the outside, for root: a bridge on the host, a pair of interfaces, an
// address, forwarding, and masquerading by nftables.
import { assertKeys, type Namespace } from '@ns/core';
import { Route } from '../route/route.js';
import { type NetTarget, openNet } from '../where.js';
import { assertForwards } from './forwards.js';
import { withLock } from './lock.js';
import {
  addPair,
  deleteIfThere,
  dotted,
  ensureBridge,
  gatewayOf,
  markPair,
  type NatNetwork,
  portsOf,
  removeBridge,
  removeOrphans,
  toNetwork,
} from './nat-bridge.js';
import {
  addForwards,
  addMasquerade,
  type PortForward,
  removeForwards,
  removeTable,
} from './nft.js';

/** Options of {@link natUplink}. */
export interface NatUplinkOptions {
  /** The namespace that the way outside leads through. Default: the calling thread's. */
  host?: NetTarget;
  /** Name of the interface inside. Default: eth0. */
  name?: string;
  /** Ports of the host that lead inside. */
  forward?: readonly PortForward[];
  /**
   * The bridge on the host; uplinks on the same one reach each other. It is made if it is not there,
   * and taken away with the last uplink if it was made so. Default: ns-uplink0.
   */
  bridge?: string;
  /** The addresses behind the bridge; its own is the first. Default: 10.88.0.0/16. */
  network?: string;
}

/** A way outside. */
export class NatUplink {
  /** The address inside. */
  readonly address: string;
  /** The address of the host, as seen from inside. */
  readonly gateway: string;
  readonly #host: Namespace;
  readonly #network: NatNetwork;
  readonly #pair: number;
  #closed = false;

  /** @internal */
  constructor(host: Namespace, network: NatNetwork, pair: number, address: string) {
    this.#host = host;
    this.#network = network;
    this.#pair = pair;
    this.address = address;
    this.gateway = gatewayOf(network);
  }

  /** Takes the way outside away, and with the last one of the bridge that and the rules. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      withLock(this.#host, () => release(this.#host, this.#network, this.#pair));
    } finally {
      this.#host.close();
    }
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Takes a pair away, if there is one, and the bridge if that was the last. */
function release(host: Namespace, network: NatNetwork, pair: number | undefined): void {
  const route = Route.open({ in: host });
  try {
    if (pair !== undefined) deleteIfThere(route, pair);
    const links = route.link.list();
    if (!links.some(({ ifname }) => ifname === network.bridge)) return;
    const left = [...portsOf(route, network)];
    if (left.length > 0) {
      host.enter(() => removeForwards(network.bridge, (owner) => !left.includes(owner)));
      return;
    }
    host.enter(() => removeTable(network.bridge));
    removeBridge(route, host, network);
  } finally {
    route.close();
  }
}

/** Address and default route inside. */
function configureInside(inside: Namespace, name: string, network: NatNetwork, address: string) {
  const route = Route.open({ in: inside });
  try {
    route.address.add({ dev: name, address: `${address}/${network.prefixlen}` });
    route.link.up(name);
    route.route.add({ dst: 'default', gateway: gatewayOf(network) });
  } finally {
    route.close();
  }
}

function connect(
  host: Namespace,
  inside: Namespace,
  network: NatNetwork,
  name: string,
  forward: readonly PortForward[],
): NatUplink {
  const { bridge, base, prefixlen } = network;
  const route = Route.open({ in: host });
  let made: number | undefined;
  try {
    removeOrphans(route);
    ensureBridge(route, host, network);
    const pair = addPair(route, network, inside, name);
    made = pair.ifindex;
    markPair(route, made);
    route.link.change(pair.dev, { master: bridge, up: true });
    const address = dotted(pair.address);
    configureInside(inside, name, network, address);
    const present = portsOf(route, network);
    host.enter(() => {
      addMasquerade(bridge, dotted(base), prefixlen);
      removeForwards(bridge, (one) => one === pair.dev || !present.has(one));
      addForwards(bridge, address, forward, pair.dev);
    });
    return new NatUplink(host, network, made, address);
  } catch (error) {
    release(host, network, made);
    throw error;
  } finally {
    route.close();
  }
}

/** Throws unless the options are right. */
export function checkNatUplink(options: NatUplinkOptions): NatNetwork {
  assertKeys(options, ['host', 'name', 'forward', 'bridge', 'network'], 'uplink');
  const { forward = [], bridge = 'ns-uplink0', network = '10.88.0.0/16' } = options;
  assertForwards(forward);
  return toNetwork(bridge, network);
}

/**
 * Connects a namespace to the outside by way of another one, with network address translation: a
 * bridge there, a pair of interfaces, an address and a default route inside. Rules are in a table of
 * nftables of their own, named as the bridge. The uplink is this process's: after a crash, the next
 * uplink takes away what was left.
 *
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN over both, and nft(8).
 *
 * @throws {NetlinkError} EEXIST if there is an interface of this name inside
 * @throws {TypeError | RangeError} for wrong forwards, a bridge or network that is none
 * @see nft(8)
 * @example using way = natUplink(lab, { forward: [{ host: 8080, inside: 80 }] });
 */
export function natUplink(target: NetTarget, options: NatUplinkOptions = {}): NatUplink {
  const { name = 'eth0', forward = [] } = options;
  const network = checkNatUplink(options);
  const host = openNet(options.host);
  try {
    const inside = openNet(target);
    try {
      return withLock(host, () => connect(host, inside, network, name, forward));
    } finally {
      inside.close();
    }
  } catch (error) {
    host.close();
    throw error;
  }
}
