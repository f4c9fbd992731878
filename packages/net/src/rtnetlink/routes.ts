// Routes: `ip route`.
import { type Members, type Parsed, type Parser, parse } from '@ns/core/authors';
import {
  families,
  familyOf,
  ipAddress,
  ipFamily,
  parsePrefix,
  prefixText,
} from '../netlink/addresses.js';
import { rawAttributes } from '../netlink/attributes.js';
import { batch } from '../netlink/batch.js';
import { encodable, u8, u32 } from '../netlink/codec.js';
import { isNetlinkError, type NetlinkError } from '../netlink/error.js';
import { Writer, written } from '../netlink/writer.js';
import { type Device, device } from './device.js';
import { protocol, routeType, scope, tableNumber } from './iproute2-names.js';
import { parseHop, toHopValues } from './next-hops.js';
import { type Context, creation, type Question, request } from './request-context.js';
import {
  metrics,
  type NewRoute,
  preference,
  type Route,
  type RouteFilter,
  routeBody,
  toRoute,
} from './route-table.js';

const RTM_F_CLONED = 0x200;
const ONLINK = 4;
const [MAIN_TABLE, LOCAL_TABLE] = [254, 255];
/** Offset of rtm_type in struct rtmsg. */
const RTM_TYPE = 7;

/** The destination of a route: `default` or a prefix, as the caller has written it. */
const destination: Parser<string> = (value, name) =>
  value === 'default' ? value : prefixText(value, name);

const members = {
  dst: parse.required(destination),
  family: ipFamily,
  src: prefixText,
  tos: encodable(u8),
  type: encodable(routeType),
  gateway: ipAddress,
  via: ipAddress,
  dev: device,
  table: tableNumber,
  protocol: encodable(protocol),
  scope: encodable(scope),
  prefsrc: ipAddress,
  metric: encodable(u32),
  pref: encodable(preference),
  metrics: encodable(metrics),
  nexthops: parse.list(parseHop),
  nhid: encodable(u32),
  onlink: parse.boolean,
  flags: parse.list(parse.text),
  unknown: rawAttributes,
} satisfies Members<NewRoute>;

const parseMembers = parse.options(members);

/** A route in its normal form: `gateway` says what `via` has said. */
export type RouteOptions = Parsed<typeof members>;

/** Returns the normal form of a route. The rows of {@link Routes.list} are routes as well. */
export function parseRoute(route: unknown, name = 'route'): RouteOptions {
  const parsed = parseMembers(route, name);
  return parsed.gateway === undefined && parsed.via !== undefined
    ? { ...parsed, gateway: parsed.via }
    : parsed;
}

const parseFilter = parse.options({
  family: ipFamily,
  table: tableNumber,
  dev: device,
  protocol: encodable(protocol),
  type: encodable(routeType),
} satisfies Members<RouteFilter>);

const parseList = parse.list(parseRoute);

/** Options of {@link Routes.get}: the packet whose route is asked for. */
export interface RouteQuery {
  /** Source address. */
  from?: string | undefined;
  oif?: Device | undefined;
  iif?: Device | undefined;
  mark?: number | undefined;
}

const parseQuery = parse.options({
  from: parsePrefix,
  oif: device,
  iif: device,
  mark: encodable(u32),
} satisfies Members<RouteQuery>);

function familyOfRoute(options: RouteOptions): 'inet' | 'inet6' {
  const { dst, family, gateway, prefsrc, src, nexthops } = options;
  if (dst !== 'default') return familyOf(dst);
  const hint = prefsrc ?? src ?? gateway ?? nexthops?.find((one) => one.gateway)?.gateway;
  return family ?? (hint === undefined ? 'inet' : familyOf(hint));
}

function defaultScope(options: RouteOptions) {
  const { type = 'unicast', gateway, nexthops, nhid } = options;
  if (type === 'local') return 'host';
  if (type === 'broadcast' || type === 'multicast') return 'link';
  if (type !== 'unicast' || nhid !== undefined) return 'global';
  return gateway === undefined && nexthops === undefined ? 'link' : 'global';
}

/** Encodes a route as a message. */
function encode(context: Context, options: RouteOptions): Uint8Array {
  return written((writer) => write(writer, options, (device) => context.index(device)));
}

function write(writer: Writer, options: RouteOptions, index: (device: Device) => number): void {
  const family = familyOfRoute(options);
  const { type = 'unicast', gateway, dev, nexthops, tos } = options;
  const dst = options.dst === 'default' ? undefined : parsePrefix(options.dst, 'dst');
  const src = options.src === undefined ? undefined : parsePrefix(options.src, 'src');
  const isLocal = type === 'local' || type === 'broadcast';
  const table = options.table ?? (isLocal ? LOCAL_TABLE : MAIN_TABLE);
  const crossing = gateway !== undefined && familyOf(gateway) !== family;
  const isV6 = family === 'inet6';
  routeBody.writeTo(
    writer,
    {
      family: families[family],
      dstLength: dst?.prefixlen ?? 0,
      srcLength: src?.prefixlen ?? 0,
      ...(tos === undefined ? {} : { tos }),
      table: table < 256 ? table : 0,
      protocol: options.protocol ?? 'boot',
      scope: options.scope ?? (isV6 ? 'global' : defaultScope(options)),
      type,
      flags: options.onlink || options.flags?.includes('onlink') ? ONLINK : 0,
    },
    {
      dst: dst?.address,
      src: src?.address,
      gateway: crossing ? undefined : gateway,
      via: crossing ? gateway : undefined,
      oif: dev === undefined ? undefined : index(dev),
      metric: options.metric,
      prefsrc: options.prefsrc,
      metrics: options.metrics,
      multipath: nexthops?.map((one) => toHopValues(one, family, index)),
      fullTable: table,
      pref: options.pref,
      nhid: options.nhid,
      ...(options.unknown && { unknown: options.unknown }),
    },
  );
}

/** The routes of a namespace. */
export class Routes {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #table(filter: RouteFilter): Question<Route> {
    const { family, table, dev, protocol: origin, type } = parseFilter(filter, 'filter');
    const header = {
      family: families[family ?? 'unspec'],
      ...(origin === undefined ? {} : { protocol: origin }),
      ...(type === undefined ? {} : { type }),
    };
    const body = routeBody.encode(header, {
      fullTable: table,
      oif: dev === undefined ? undefined : this.#context.index(dev),
    });
    const names = this.#context.names();
    return {
      request: request('GETROUTE', 0, body, routeBody, filter),
      decode(buffer, start, end) {
        const values = routeBody.decode(buffer, start, end);
        // The kernel takes no table for a filter before it has one of this number.
        const isOther = table !== undefined && (values?.fullTable ?? values?.table) !== table;
        return isOther ? null : values && toRoute(values, names);
      },
      // The kernel makes a table of IPv4 with its first route: main as well, in a new namespace.
      isEmpty: (error) => table !== undefined && isNetlinkError(error, 'ENOENT'),
    };
  }

  /** Lists the routes of all tables, or of one: `ip -d -j route show table all`. */
  list(filter: RouteFilter = {}): Route[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: RouteFilter = {}): AsyncGenerator<Route, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * Returns the route that a packet would take: `ip -j route get ADDRESS`.
   *
   * @throws {NetlinkError} ENETUNREACH, EHOSTUNREACH
   */
  get(dst: string, options: RouteQuery = {}): Route {
    const { from: source, oif, iif, mark } = parseQuery(options);
    const { address, prefixlen } = parsePrefix(dst, 'dst');
    const body = routeBody.encode(
      {
        family: families[familyOf(address)],
        dstLength: prefixlen,
        srcLength: source?.prefixlen ?? 0,
      },
      {
        dst: address,
        src: source?.address,
        oif: oif === undefined ? undefined : this.#context.index(oif, 'oif'),
        iif: iif === undefined ? undefined : this.#context.index(iif, 'iif'),
        mark,
      },
    );
    const values = this.#context.one({
      request: request('GETROUTE', 0, body, routeBody, { dst, ...options }),
      decode: (buffer, start, end) => routeBody.decode(buffer, start, end),
    });
    return toRoute({ ...values, flags: values.flags & ~RTM_F_CLONED }, this.#context.names());
  }

  /**
   * Adds a route: `ip route add DST ...`.
   *
   * @throws {NetlinkError} EEXIST, ENETUNREACH if the gateway cannot be reached
   * @example rtnetlink.routes.add({ dst: 'default', gateway: '10.0.0.1' });
   */
  add(options: NewRoute): void {
    const body = encode(this.#context, parseRoute(options));
    this.#context.send('NEWROUTE', creation.add, body, routeBody, options);
  }

  /**
   * Adds many routes with few system calls. If a route fails, the others are still added.
   *
   * @returns the errors by their index in the list
   */
  addAll(list: readonly NewRoute[]): Map<number, NetlinkError> {
    const indices = new Map<Device, number>();
    const indexOf = (device: Device) => {
      const known = indices.get(device);
      if (known !== undefined) return known;
      const index = this.#context.index(device);
      indices.set(device, index);
      return index;
    };
    const writer = new Writer();
    const routes = parseList(list, 'routes');
    const ends = routes.map((options) => {
      write(writer, options, indexOf);
      return writer.length;
    });
    const requests = routes.map((options, i) => {
      const body = writer.bytes.subarray(ends[i - 1] ?? 0, ends[i]);
      return request('NEWROUTE', creation.add, body, routeBody, options);
    });
    const failed = new Map<number, NetlinkError>();
    batch(this.#context.socket, requests).forEach((error, i) => {
      if (error) failed.set(i, error);
    });
    return failed;
  }

  /** Adds a route, or replaces the one to the same destination: `ip route replace`. */
  replace(options: NewRoute): void {
    const body = encode(this.#context, parseRoute(options));
    this.#context.send('NEWROUTE', creation.replace, body, routeBody, options);
  }

  /** Replaces a route that is there: `ip route change`. */
  change(options: NewRoute): void {
    const body = encode(this.#context, parseRoute(options));
    this.#context.send('NEWROUTE', creation.change, body, routeBody, options);
  }

  /**
   * Removes a route: `ip route delete DST ...`. Members that are left out are not compared.
   *
   * @throws {NetlinkError} ESRCH if there is none
   */
  remove(options: NewRoute): void {
    const route = parseRoute(options);
    const body = encode(this.#context, {
      ...route,
      scope: route.scope ?? 'nowhere',
      protocol: route.protocol ?? 'unspec',
    });
    if (route.type === undefined) body[RTM_TYPE] = 0; // any
    this.#context.send('DELROUTE', 0, body, routeBody, options);
  }
}
