// Messages about routes: struct rtmsg and its attributes, and routes as callers see them.
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
import type { Device } from './device.js';
import { protocol, routeType, scope, type TableName, tableName } from './iproute2-names.js';
import { hop, type NewHop, type NextHop, toNextHop } from './next-hops.js';

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

/** Settings of TCP for a route. */
export const metrics = attributes({
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

/** Settings of TCP for a route, by the names of ip-route(8). */
export type RouteMetrics = {
  -readonly [K in Exclude<keyof typeof metrics.entries, 'congctl'>]?: number | undefined;
} & {
  congctl?: string | undefined;
};

/** Preference of a route (RFC 4191). */
export const preference = choice(u8, { medium: 0, high: 1, low: 3 });

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
    pref: [20, preference],
    expires: [23, u32],
    uid: [25, u32],
    ipproto: [27, u8],
    sport: [28, be16],
    dport: [29, be16],
    nhid: [30, u32],
  }),
);

/** A route, in the terms of `ip -d -j route`. */
export interface Route {
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
  family?: 'inet' | 'inet6' | undefined;
  src?: string | undefined;
  tos?: number | undefined;
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
  gateway?: string | undefined;
  /** Same as `gateway`: the name that {@link Routes.list} uses for a gateway of the other family. */
  via?: string | undefined;
  dev?: Device | undefined;
  /** Default: main; local for routes of type local and broadcast. */
  table?: TableName | number | undefined;
  /** Default: boot. */
  protocol?: string | number | undefined;
  /** Default: link without a gateway, else global; host for local routes. */
  scope?: string | number | undefined;
  prefsrc?: string | undefined;
  metric?: number | undefined;
  pref?: 'low' | 'medium' | 'high' | undefined;
  metrics?: RouteMetrics | undefined;
  /** Several next hops. Each connection takes one. */
  nexthops?: readonly NewHop[] | undefined;
  /** Number of a nexthop object. */
  nhid?: number | undefined;
  /** The gateway is reachable although no address says so. */
  onlink?: boolean | undefined;
  /** Flags as {@link Routes.list} returns them. Only `onlink` is used: the kernel sets the others. */
  flags?: readonly string[] | undefined;
  /** Attributes that this package does not know, as {@link Routes.list} returns them. */
  unknown?: readonly RawAttribute[] | undefined;
}

/** Limits the routes that are listed. */
export interface RouteFilter {
  family?: 'inet' | 'inet6' | undefined;
  /** Default: all tables. */
  table?: TableName | number | undefined;
  /** Only those that leave by this interface. */
  dev?: Device | undefined;
  protocol?: string | number | undefined;
  type?: string | number | undefined;
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

/** Returns the names of the flags of a route or of one of its next hops. */
export const routeFlags = (bits: number): string[] =>
  flagNames.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);

/** A decoded message. */
export type RouteValues = NonNullable<ReturnType<typeof routeBody.decode>>;

function prefix(address: string | undefined, length: number, whole: number): string | undefined {
  if (address === undefined) return length === 0 ? undefined : `0/${length}`;
  return length === whole ? address : `${address}/${length}`;
}

/** Converts a decoded message to a route. */
export function toRoute(values: RouteValues, names: ReadonlyMap<number, string>): Route {
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
  return route as unknown as Route;
}
