// The description of a lab: namespaces with names, the cables between them, interfaces and routes.
import type { LinkSettings } from '../rtnetlink/link-options.js';
import type { NewRoute } from '../rtnetlink/route-table.js';
import type { Shape } from '../tc/shape.js';

/** An interface of a lab: the end of a cable or, with a kind, an interface to be made. */
export interface TopologyInterface
  extends Omit<LinkSettings, 'name' | 'namespace' | 'master' | 'up'> {
  /** Kind of an interface to be made: `bridge`, `vlan`, ... with the settings of the kind beside. */
  kind?: string | undefined;
  /** Addresses with the length of their prefix. */
  addresses?: readonly string[] | undefined;
  /** Default: true. */
  up?: boolean | undefined;
  /** Name of the bridge, bond or vrf that it is a port of. */
  master?: string | null | undefined;
  /** Delays, losses and rate. */
  shape?: Shape | undefined;
  [setting: string]: unknown;
}

/** A namespace of a lab. */
export interface TopologyNamespace {
  /** By their names. */
  interfaces?: Readonly<Record<string, TopologyInterface>> | undefined;
  routes?: readonly NewRoute[] | undefined;
  /** Settings below `net.`: `{ 'net.ipv4.ip_forward': 1 }`. */
  sysctls?: Readonly<Record<string, string | number>> | undefined;
}

/** A lab. Plain data: it can be a JSON file. */
export interface TopologyDescription {
  /** By their names, which are those of `ip netns`. */
  namespaces: Readonly<Record<string, TopologyNamespace>>;
  /** Pairs of interfaces: `['a:eth0', 'router:port1']`. */
  cables?: readonly (readonly [string, string])[] | undefined;
}

/** One end of a cable. */
export interface CableEnd {
  readonly namespace: string;
  readonly ifname: string;
}

/** A cable. */
export type Cable = readonly [CableEnd, CableEnd];
