// Connects a namespace to the outside, for root: a bridge on the host, a pair of interfaces, an
// address, forwarding, and masquerading by nftables.
import type { Namespace } from '@ns/core';
import { type Members, parse, Rollback } from '@ns/core/authors';
import { withLock } from '../file-lock.js';
import { inNet, type NetTarget } from '../in-net.js';
import { openNet } from '../open-net.js';
import { linkName } from '../route/device.js';
import { Route } from '../route/route.js';
import { leaveForeignFirewalls, passForeignFirewalls } from './foreign-firewall.js';
import { allowForwarding, endForwarding } from './host-forwarding.js';
import {
  addPair,
  configureInside,
  deleteIfThere,
  ensureBridge,
  isOwnBridge,
  markPair,
  portsOf,
  removeBridge,
  removeOrphans,
} from './nat-bridge.js';
import {
  bridgeName,
  chooseNetwork,
  gatewayOf,
  type NatNetwork,
  networkRange,
} from './nat-network.js';
import { addPort, removePorts, removeTables } from './nat-rules.js';
import { type PortForward, portForwards } from './port-forward.js';

/** Options of {@link createNatUplink}. */
export interface NatUplinkOptions {
  /** The namespace that the uplink leads through. Default: the calling thread's. */
  host?: NetTarget | undefined;
  /** Name of the interface inside. Default: eth0. */
  name?: string | undefined;
  /**
   * Ports of the host that lead inside, on all its addresses except loopback. They can be reached from
   * the host itself and from the namespaces behind the bridge as well.
   */
  forward?: readonly PortForward[] | undefined;
  /**
   * The bridge on the host. Uplinks on the same bridge reach each other. A bridge that is made here is
   * removed with its last uplink. Default: ns-uplink0.
   */
  bridge?: string | undefined;
  /**
   * The addresses behind the bridge; its own is the first. Default: those that it has, else the first
   * private network, from 10.208.0.0/16 on, that the host has neither an address in nor a route to.
   */
  network?: string | undefined;
  /**
   * Lets the namespace reach services of the host itself, and link-local addresses (169.254.0.0/16),
   * where clouds have the metadata and keys of the machine. Name servers (port 53) can always be
   * reached. Default: false.
   */
  hostAccess?: boolean | undefined;
}

/** An uplink by address translation. */
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

  /** Removes the uplink. The last uplink of a bridge removes the bridge and the rules as well. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      withLock(this.#host, () => release(this.#host, this.#network, this.#pair));
    } finally {
      this.#host.close();
    }
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** Removes a pair of interfaces, and the bridge if this was the last. */
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
    host.enter(() => {
      leaveForeignFirewalls(bridge);
      removeTables(bridge);
    });
  } finally {
    route.close();
  }
}

function connect(host: Namespace, inside: Namespace, options: NatOptions): NatUplink {
  const { bridge, name, forward, hostAccess } = options;
  const route = Route.open({ in: host });
  const rollback = new Rollback();
  try {
    removeOrphans(route);
    const network = chooseNetwork(route, bridge, options.network, isOwnBridge(route, bridge));
    let made: number | undefined;
    rollback.add(() => release(host, network, made));
    ensureBridge(route, network);
    allowForwarding(route, host, bridge);
    host.enter(() => passForeignFirewalls(bridge));
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
    rollback.finish();
    return new NatUplink(host, network, made, pair.address);
  } catch (error) {
    rollback.undoFailed();
    throw error;
  } finally {
    route.close();
  }
}

/** The parsers of the options. */
export const natMembers = {
  host: inNet,
  name: parse.withDefault(linkName, 'eth0'),
  forward: parse.withDefault(portForwards, []),
  bridge: parse.withDefault(bridgeName, 'ns-uplink0'),
  network: networkRange,
  hostAccess: parse.withDefault(parse.boolean, false),
} satisfies Members<NatUplinkOptions>;

const parseNatUplink = parse.options(natMembers);

/** Options in their normal form. */
export type NatOptions = ReturnType<typeof parseNatUplink>;

/** Connects a namespace as {@link createNatUplink} does. */
export function openNatUplink(target: NetTarget, options: NatOptions): NatUplink {
  const inside = openNet(target);
  try {
    const host = openNet(options.host);
    try {
      return withLock(host, () => connect(host, inside, options));
    } catch (error) {
      host.close();
      throw error;
    }
  } finally {
    inside.close();
  }
}

/**
 * Connects a namespace to the outside by network address translation: a bridge on the host, a pair of
 * interfaces, an address and a default route inside. The rules are in tables of nftables that are named
 * as the bridge. The uplink belongs to this process: after a crash, the next uplink removes the rest.
 *
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN over both, and nft(8).
 *
 * The firewalls of docker and of iptables are passed by rules for the bridge, which go with it.
 *
 * @throws {NetlinkError} EEXIST if there is an interface of this name inside
 * @throws an Error with code EADDRINUSE if another uplink of the bridge forwards a port
 * @throws an Error with the rules to add if another firewall drops what the host forwards
 * @throws {TypeError | RangeError} for a wrong option
 * @see nft(8)
 * @example using way = createNatUplink(lab, { forward: [{ host: 8080, inside: 80 }] });
 */
export function createNatUplink(target: NetTarget, options: NatUplinkOptions = {}): NatUplink {
  return openNatUplink(inNet(target, 'target'), parseNatUplink(options));
}
