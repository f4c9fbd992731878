// Messages about routes: struct rtmsg and its attributes, and routes as a user sees them.
import {
  type Family,
  families,
  familyName,
  familyOf,
  formatIP,
  ip,
  parseIP,
} from '../netlink/addresses.js';
import { attributes, type RawAttribute } from '../netlink/attributes.js';
import { be16, bytes, type Codec, choice, text, u8, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { protocol, routeType, scope, type TableName, tableName } from './iproute2-names.js';
import { hop, type NewHop, type NextHop, toNextHop } from './next-hops.js';
import type { Device } from './request-context.js';

/** RTA_VIA: a gateway of another family than the destination. */
const via: Codec<string> = {
  decode: (buffer, start, end) => (end - start < 2 ? undefined : formatIP(buffer, start + 2, end)),
  encode(value, name) {
    const address = parseIP(value, name);
    const family = Buffer.alloc(2);
    family.writeUInt16LE(families[familyOf(value)], 0);
    return Buffer.concat([family, address]);
  },
};

/** What a route tells TCP. */
const metrics = attributes({
  lock: [1, u32],
  mtu: [2, u32],
  window: [3, u32],
  rtt: [4, u32],
  rttvar: [5, u32],
  ssthresh: [6, u32],
  cwnd: [7, u32],
  advmss: [8, u32],
  reordering: [9, u32],
  hoplimit: [10, u32],
  initcwnd: [11, u32],
  features: [12, u32],
  rto_min: [13, u32],
  initrwnd: [14, u32],
  quickack: [15, u32],
  congctl: [16, text()],
  fastopen_no_cookie: [17, u32],
});

/** What a route tells TCP, by the names of ip-route(8). */
export type RouteMetrics = {
  -readonly [K in Exclude<keyof typeof metrics.entries, 'congctl'>]?: number;
} & {
  congctl?: string;
};

/** Messages about routes: struct rtmsg. */
export const routeBody = new Body(
  struct({
    family: u8,
    dstLength: u8,
    srcLength: u8,
    tos: u8,
    table: u8,
    protocol,
    scope,
    type: routeType,
    flags: u32,
  }),
  attributes({
    dst: [1, ip],
    src: [2, ip],
    iif: [3, u32],
    oif: [4, u32],
    gateway: [5, ip],
    metric: [6, u32],
    prefsrc: [7, ip],
    metrics: [8, metrics],
    multipath: [9, hop(via)],
    cacheinfo: [12, bytes],
    fullTable: [15, u32],
    mark: [16, u32],
    via: [18, via],
    pref: [20, choice(u8, { medium: 0, high: 1, low: 3 })],
    expires: [23, u32],
    uid: [25, u32],
    ipproto: [27, u8],
    sport: [28, be16],
    dport: [29, be16],
    nhid: [30, u32],
  }),
);

/** A route, in the terms of `ip -d -j route`. */
export interface RouteEntry {
  readonly family: Family;
  readonly type: string | number;
  /** `default`, or an address; with the length of the prefix unless it is a whole address. */
  readonly dst: string;
  readonly src?: string;
  readonly tos?: number;
  readonly gateway?: string;
  /** A gateway of the other family. */
  readonly via?: string;
  /** Name of the interface; its index if it has just gone. */
  readonly dev?: string | number;
  readonly table: TableName | number;
  readonly protocol: string | number;
  readonly scope: string | number;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly pref?: string | number;
  readonly metrics?: RouteMetrics;
  readonly nexthops?: readonly NextHop[];
  /** Number of a nexthop object. */
  readonly nhid?: number;
  /** `onlink`, `linkdown`, `dead`, ... */
  readonly flags: readonly string[];
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** A route to be added. */
export interface NewRoute {
  /** `default`, or a prefix such as `10.1.0.0/16`. */
  dst: string;
  /** Family of a default route without an address that tells. Default: inet. */
  family?: 'inet' | 'inet6';
  src?: string;
  tos?: number;
  /** Default: unicast. */
  type?:
    | 'unicast'
    | 'local'
    | 'broadcast'
    | 'multicast'
    | 'blackhole'
    | 'unreachable'
    | 'prohibit'
    | 'throw';
  /** Of either family. */
  gateway?: string;
  /** The same as `gateway`, as {@link Routes.list} calls one of the other family. */
  via?: string;
  dev?: Device;
  /** Default: main; local for routes of type local and broadcast. */
  table?: TableName | number;
  /** Default: boot. */
  protocol?: string | number;
  /** Default: link without a gateway, else global; host for local routes. */
  scope?: string | number;
  prefsrc?: string;
  metric?: number;
  pref?: 'low' | 'medium' | 'high';
  metrics?: RouteMetrics;
  /** Several ways, of which each connection takes one. */
  nexthops?: readonly NewHop[];
  /** Number of a nexthop object. */
  nhid?: number;
  /** The gateway is reachable although no address says so. */
  onlink?: boolean;
  /** Of those that {@link Routes.list} tells, `onlink` counts; the others are the kernel's to set. */
  flags?: readonly string[];
  /** Attributes as {@link Routes.list} tells them: what this package does not know is kept. */
  unknown?: readonly RawAttribute[];
}

/** Which routes are listed. */
export interface RouteFilter {
  family?: 'inet' | 'inet6';
  /** Default: all tables. */
  table?: TableName | number;
  /** Only those that leave by this interface. */
  dev?: Device;
  protocol?: string | number;
  type?: string | number;
}

const flagNames: readonly (readonly [number, string])[] = [
  [1, 'dead'],
  [2, 'pervasive'],
  [4, 'onlink'],
  [8, 'offload'],
  [16, 'linkdown'],
  [32, 'unresolved'],
  [64, 'trap'],
];

/** Names of the flags of a route or of one of its ways. */
export const routeFlags = (bits: number): string[] =>
  flagNames.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);

/** A decoded message. */
export type RouteValues = NonNullable<ReturnType<typeof routeBody.decode>>;

function prefix(address: string | undefined, length: number, whole: number): string | undefined {
  if (address === undefined) return length === 0 ? undefined : `0/${length}`;
  return length === whole ? address : `${address}/${length}`;
}

/** A decoded message as a route. */
export function toRoute(values: RouteValues, names: ReadonlyMap<number, string>): RouteEntry {
  const { oif, metrics: toTcp } = values;
  const whole = values.family === families.inet ? 32 : 128;
  const family = familyName(values.family) ?? 'unspec';
  const route: Record<string, unknown> = {
    family,
    type: values.type,
    dst: prefix(values.dst, values.dstLength, whole) ?? 'default',
  };
  if (values.src !== undefined) route.src = prefix(values.src, values.srcLength, whole);
  if (values.tos !== 0) route.tos = values.tos;
  if (values.gateway !== undefined) route.gateway = values.gateway;
  if (values.via !== undefined) route.via = values.via;
  if (oif !== undefined) route.dev = names.get(oif) ?? oif;
  route.table = tableName(values.fullTable ?? values.table);
  route.protocol = values.protocol;
  route.scope = values.scope;
  if (values.prefsrc !== undefined) route.prefsrc = values.prefsrc;
  if (values.metric !== undefined) route.metric = values.metric;
  if (values.pref !== undefined) route.pref = values.pref;
  if (toTcp !== undefined) route.metrics = toTcp;
  if (values.multipath !== undefined) {
    route.nexthops = values.multipath.map((one) => toNextHop(one, names));
  }
  if (values.nhid !== undefined) route.nhid = values.nhid;
  route.flags = routeFlags(values.flags);
  if (values.unknown) route.unknown = values.unknown;
  if (values.malformed) route.malformed = values.malformed;
  return route as unknown as RouteEntry;
}
