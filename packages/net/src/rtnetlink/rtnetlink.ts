// Rtnetlink: the configuration in one network namespace.
import { type Members, parse } from '@ns/core/authors';
import { type InNetOptions, inNet } from '../in-net.js';
import { NetlinkSocket } from '../netlink/socket.js';
import { openNet } from '../open-net.js';
import { TrafficClasses } from '../tc/classes.js';
import { Filters } from '../tc/filters.js';
import { Qdiscs } from '../tc/qdiscs.js';
import { Wireguard } from '../wireguard/wireguard.js';
import { Addresses } from './addresses.js';
import { Links } from './links.js';
import { NamespaceIds } from './namespace-ids.js';
import { Neighbours } from './neighbours.js';
import { Nexthops } from './nexthops.js';
import { Context } from './request-context.js';
import { Routes } from './routes.js';
import { Rules } from './rules.js';
import { Vlans } from './vlans.js';

const parseOpen = parse.options({ in: inNet } satisfies Members<InNetOptions>);

/**
 * The network configuration of a namespace, over a netlink socket that lives in it. Requests are
 * synchronous: the kernel answers in some microseconds. Objects have the names of `ip -j`.
 *
 * Reading needs no privileges, changing needs CAP_NET_ADMIN in the user namespace that owns the
 * network namespace. The parent of a rootless child has it.
 *
 * @example
 * using rtnetlink = Rtnetlink.open({ in: lab });
 * rtnetlink.links.add({ kind: 'veth', name: 'a0', peer: { name: 'b0' } });
 * rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24' });
 * rtnetlink.links.up('a0');
 * @see rtnetlink(7), ip(8)
 */
export class Rtnetlink {
  /** `ip link` */
  readonly links: Links;
  /** `ip address` */
  readonly addresses: Addresses;
  /** `ip route` */
  readonly routes: Routes;
  /** `ip rule` */
  readonly rules: Rules;
  /** `ip neighbour`, `bridge fdb` */
  readonly neighbours: Neighbours;
  /** `ip nexthop` */
  readonly nexthops: Nexthops;
  /** `ip netns list-id` */
  readonly namespaceIds: NamespaceIds;
  /** `bridge vlan` */
  readonly vlans: Vlans;
  /** `tc qdisc` */
  readonly qdiscs: Qdiscs;
  /** `tc class` */
  readonly classes: TrafficClasses;
  /** `tc filter` */
  readonly filters: Filters;
  /** `wg` */
  readonly wireguard: Wireguard;
  readonly #context: Context;
  readonly #namespace;

  private constructor(options: InNetOptions) {
    const { in: target } = parseOpen(options);
    this.#namespace = openNet(target);
    try {
      const another = (protocol: number) => new NetlinkSocket(protocol, { in: this.#namespace });
      this.#context = new Context(target === undefined ? undefined : this.#namespace, another);
    } catch (error) {
      this.#namespace.close();
      throw error;
    }
    this.links = new Links(this.#context);
    this.addresses = new Addresses(this.#context);
    this.routes = new Routes(this.#context);
    this.rules = new Rules(this.#context);
    this.neighbours = new Neighbours(this.#context);
    this.nexthops = new Nexthops(this.#context);
    this.namespaceIds = new NamespaceIds(this.#context);
    this.vlans = new Vlans(this.#context);
    this.qdiscs = new Qdiscs(this.#context);
    this.classes = new TrafficClasses(this.#context);
    this.filters = new Filters(this.#context);
    this.wireguard = new Wireguard(this.#context);
  }

  /**
   * Opens the configuration of a namespace.
   *
   * @throws {SystemError} ENOENT without such a process or name, EPERM without privileges over it
   */
  static open(options: InNetOptions = {}): Rtnetlink {
    return new Rtnetlink(options);
  }

  /** Closes the sockets. */
  close(): void {
    this.wireguard.close();
    this.#context.socket.close();
    this.#namespace.close();
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
