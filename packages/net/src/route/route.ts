// Route: rtnetlink in one network namespace.
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
import { Neighbours } from './neighbours.js';
import { Nexthops } from './nexthops.js';
import { Nsids } from './nsids.js';
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
 * using route = Route.open({ in: lab });
 * route.link.add({ kind: 'veth', name: 'a0', peer: { name: 'b0' } });
 * route.address.add({ dev: 'a0', address: '10.0.0.1/24' });
 * route.link.up('a0');
 * @see rtnetlink(7), ip(8)
 */
export class Route {
  /** `ip link` */
  readonly link: Links;
  /** `ip address` */
  readonly address: Addresses;
  /** `ip route` */
  readonly route: Routes;
  /** `ip rule` */
  readonly rule: Rules;
  /** `ip neighbour`, `bridge fdb` */
  readonly neighbour: Neighbours;
  /** `ip nexthop` */
  readonly nexthop: Nexthops;
  /** `ip netns list-id` */
  readonly nsid: Nsids;
  /** `bridge vlan` */
  readonly vlan: Vlans;
  /** `tc qdisc` */
  readonly qdisc: Qdiscs;
  /** `tc class` */
  readonly class: TrafficClasses;
  /** `tc filter` */
  readonly filter: Filters;
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
    this.link = new Links(this.#context);
    this.address = new Addresses(this.#context);
    this.route = new Routes(this.#context);
    this.rule = new Rules(this.#context);
    this.neighbour = new Neighbours(this.#context);
    this.nexthop = new Nexthops(this.#context);
    this.nsid = new Nsids(this.#context);
    this.vlan = new Vlans(this.#context);
    this.qdisc = new Qdiscs(this.#context);
    this.class = new TrafficClasses(this.#context);
    this.filter = new Filters(this.#context);
    this.wireguard = new Wireguard(this.#context);
  }

  /**
   * Opens the configuration of a namespace.
   *
   * @throws {SystemError} ENOENT without such a process or name, EPERM without privileges over it
   */
  static open(options: InNetOptions = {}): Route {
    return new Route(options);
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
