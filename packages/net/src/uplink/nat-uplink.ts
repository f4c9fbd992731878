// Connects a namespace to the outside, for root: a bridge on the host, a pair of interfaces, an
// address, forwarding, and masquerading by nftables.
import type { Namespace } from '@ns/core';
import { withLock } from '../file-lock.js';
import { assertNet, type NetTarget, openNet } from '../open-net.js';
import { checked } from '../options.js';
import { Route } from '../route/route.js';
import { allowForwarding, endForwarding } from './host-forwarding.js';
import {
  addPair,
  configureInside,
  deleteIfThere,
  ensureBridge,
  markPair,
  portsOf,
  removeBridge,
  removeOrphans,
} from './nat-bridge.js';
import { gatewayOf, type NatNetwork, toNetwork } from './nat-network.js';
import { addPort, removePorts, removeTables } from './nat-rules.js';
import { type PortForward, toForwards } from './port-forward.js';

/** Options of {@link natUplink}. */
export interface NatUplinkOptions {
  /** The namespace that the way outside leads through. Default: the calling thread's. */
  host?: NetTarget;
  /** Name of the interface inside. Default: eth0. */
  name?: string;
  /**
   * Ports of the host that lead inside, of all its addresses but loopback. The host itself reaches
   * them as well, and those behind the bridge.
   */
  forward?: readonly PortForward[];
  /**
   * The bridge on the host; uplinks on the same one reach each other. It is made if it is not there,
   * and taken away with the last uplink if it was made so. Default: ns-uplink0.
   */
  bridge?: string;
  /** The addresses behind the bridge; its own is the first. Default: 10.88.0.0/16. */
  network?: string;
  /**
   * Whether services of the host itself can be reached from inside, and link-local addresses
   * (169.254.0.0/16), where clouds have the metadata and keys of the machine. Name servers (port 53)
   * always can. Default: false.
   */
  hostAccess?: boolean;
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
  const { bridge } = network;
  const route = Route.open({ in: host });
  try {
    if (pair !== undefined) deleteIfThere(route, pair);
    if (route.link.list().some(({ ifname }) => ifname === bridge)) {
      const left = portsOf(route, network);
      if (left.size > 0) {
        host.enter(() => removePorts(bridge, left));
        return;
      }
      removeBridge(route, network);
    }
    endForwarding(route, host, bridge);
    host.enter(() => removeTables(bridge));
  } finally {
    route.close();
  }
}

function connect(host: Namespace, inside: Namespace, wanted: Wanted): NatUplink {
  const { network, name, forward, hostAccess } = wanted;
  const { bridge } = network;
  const route = Route.open({ in: host });
  let made: number | undefined;
  try {
    removeOrphans(route);
    ensureBridge(route, network);
    allowForwarding(route, host, bridge);
    const pair = addPair(route, network, inside, name);
    made = pair.ifindex;
    markPair(route, made);
    const present = portsOf(route, network);
    // The rules come before the first packet.
    host.enter(() => addPort(network, { ...pair, forward, hostAccess }, present));
    route.link.change(pair.dev, { master: bridge, up: true });
    // Its own forwarded ports are reached from inside by the way that it came, also where the kernel
    // translates in the bridge (br_netfilter).
    if (forward.length > 0) route.link.changePort(pair.dev, { hairpin: true });
    configureInside(inside, name, network, pair);
    return new NatUplink(host, network, made, pair.address);
  } catch (error) {
    release(host, network, made);
    throw error;
  } finally {
    route.close();
  }
}

/** Options that have been checked. */
interface Wanted {
  readonly host: NetTarget | undefined;
  readonly network: NatNetwork;
  readonly name: string;
  readonly forward: readonly Required<PortForward>[];
  readonly hostAccess: boolean;
}

const keys = ['host', 'name', 'forward', 'bridge', 'network', 'hostAccess'] as const;

/** Checks the options. */
export function toNatUplink(options: NatUplinkOptions): Wanted {
  const {
    host,
    name = 'eth0',
    forward = [],
    bridge = 'ns-uplink0',
    network = '10.88.0.0/16',
    hostAccess = false,
  } = checked(options, keys, 'uplink');
  if (typeof hostAccess !== 'boolean') {
    throw new TypeError(`hostAccess must be a boolean: ${String(hostAccess)}`);
  }
  const addresses = toNetwork(bridge, network);
  return { host, network: addresses, name, forward: toForwards(forward), hostAccess };
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
  const wanted = toNatUplink(options);
  const inside = openNet(assertNet(target));
  try {
    const host = openNet(wanted.host);
    try {
      return withLock(host, () => connect(host, inside, wanted));
    } catch (error) {
      host.close();
      throw error;
    }
  } finally {
    inside.close();
  }
}
