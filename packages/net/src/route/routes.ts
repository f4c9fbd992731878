// Routes: `ip route`.
import { families, familyOf, parsePrefix } from '../netlink/addresses.js';
import { batch } from '../netlink/batch.js';
import type { NetlinkError } from '../netlink/error.js';
import { Writer, written } from '../netlink/writer.js';
import { checked } from '../options.js';
import { tableNumber } from './iproute2-names.js';
import { toHopValues } from './next-hops.js';
import { type Context, creation, type Device, type Question, request } from './request-context.js';
import {
  type NewRoute,
  type RouteEntry,
  type RouteFilter,
  routeBody,
  toRoute,
} from './route-table.js';

const RTM_F_CLONED = 0x200;
const ONLINK = 4;

const keys = [
  ...['dst', 'family', 'src', 'tos', 'type', 'gateway', 'via', 'dev', 'table', 'protocol', 'scope'],
  ...['prefsrc', 'metric', 'pref', 'metrics', 'nexthops', 'nhid', 'onlink', 'flags', 'unknown'],
] as const satisfies readonly (keyof NewRoute)[];

/**
 * Returns a route without a prototype, if all that it has is known. What {@link Routes.list} gives is
 * a route as well.
 */
export function checkedRoute(route: NewRoute, name = 'route'): NewRoute {
  const own = checked(route, keys, name);
  if (typeof own.dst !== 'string') throw new TypeError(`dst must be a string: ${String(own.dst)}`);
  return own.gateway === undefined && own.via !== undefined ? { ...own, gateway: own.via } : own;
}

function familyOfRoute({
  dst,
  family,
  gateway,
  prefsrc,
  src,
  nexthops,
}: NewRoute): 'inet' | 'inet6' {
  if (dst !== 'default') return familyOf(dst);
  const hint = prefsrc ?? src ?? gateway ?? nexthops?.find((one) => one.gateway)?.gateway;
  return family ?? (hint === undefined ? 'inet' : familyOf(hint));
}

function defaultScope(options: NewRoute): string | number {
  const { type = 'unicast', gateway, nexthops, nhid } = options;
  if (type === 'local') return 'host';
  if (type === 'broadcast' || type === 'multicast') return 'link';
  if (type !== 'unicast' || nhid !== undefined) return 'global';
  return gateway === undefined && nexthops === undefined ? 'link' : 'global';
}

/** A route as a message. */
function encode(context: Context, given: NewRoute): Uint8Array {
  const options = checkedRoute(given);
  return written((writer) => write(writer, options, (device) => context.index(device)));
}

function write(writer: Writer, options: NewRoute, index: (device: Device) => number): void {
  const family = familyOfRoute(options);
  const { type = 'unicast', gateway, dev, nexthops, tos } = options;
  const dst = options.dst === 'default' ? undefined : parsePrefix(options.dst, 'dst');
  const src = options.src === undefined ? undefined : parsePrefix(options.src, 'src');
  const own = type === 'local' || type === 'broadcast' ? 'local' : 'main';
  const table = tableNumber(options.table ?? own);
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
      protocol: (options.protocol ?? 'boot') as 'boot',
      scope: (options.scope ?? (isV6 ? 'global' : defaultScope(options))) as 'link',
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
      multipath: nexthops?.map((one, i) => toHopValues(one, family, index, `nexthops[${i}]`)),
      fullTable: table,
      pref: options.pref,
      nhid: options.nhid,
      ...(options.unknown && { unknown: [...options.unknown] }),
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

  #table(filter: RouteFilter): Question<RouteEntry> {
    const filterKeys = ['family', 'table', 'dev', 'protocol', 'type'];
    const { family, table, dev, protocol: origin, type } = checked(filter, filterKeys, 'filter');
    const number = table === undefined ? undefined : tableNumber(table);
    const header = {
      family: families[family ?? 'unspec'],
      ...(origin === undefined ? {} : { protocol: origin as 'boot' }),
      ...(type === undefined ? {} : { type: type as 'unicast' }),
    };
    const body = routeBody.encode(header, {
      fullTable: number,
      oif: dev === undefined ? undefined : this.#context.index(dev),
    });
    const names = this.#context.names();
    return {
      request: request('GETROUTE', 0, body, routeBody, filter),
      decode(buffer, start, end) {
        const values = routeBody.decode(buffer, start, end);
        // The kernel takes no table for a filter before it has one of this number.
        const strange = number !== undefined && (values?.fullTable ?? values?.table) !== number;
        return strange ? null : values && toRoute(values, names);
      },
    };
  }

  /** Routes of all tables, or of one: `ip -d -j route show table all`. */
  list(filter: RouteFilter = {}): RouteEntry[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: RouteFilter = {}): AsyncGenerator<RouteEntry, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * The way that a packet would take: `ip -j route get ADDRESS`.
   *
   * @throws {NetlinkError} ENETUNREACH, EHOSTUNREACH
   */
  get(
    dst: string,
    options: { from?: string; oif?: Device; iif?: Device; mark?: number } = {},
  ): RouteEntry {
    const { from, oif, iif, mark } = checked(options, ['from', 'oif', 'iif', 'mark']);
    const { address, prefixlen } = parsePrefix(dst, 'dst');
    const source = from === undefined ? undefined : parsePrefix(from, 'from');
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
   * @example route.route.add({ dst: 'default', gateway: '10.0.0.1' });
   */
  add(options: NewRoute): void {
    this.#context.send(
      'NEWROUTE',
      creation.add,
      encode(this.#context, options),
      routeBody,
      options,
    );
  }

  /**
   * Adds many routes with few system calls. All are tried, whatever becomes of the others.
   *
   * @returns the error of each that failed, by its place in the list
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
    const routes = list.map((options, i) => checkedRoute(options, `routes[${i}]`));
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
    const body = encode(this.#context, options);
    this.#context.send('NEWROUTE', creation.replace, body, routeBody, options);
  }

  /** Replaces a route that is there: `ip route change`. */
  change(options: NewRoute): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWROUTE', creation.change, body, routeBody, options);
  }

  /**
   * Removes a route: `ip route delete DST ...`. What is not given is not compared.
   *
   * @throws {NetlinkError} ESRCH if there is none
   */
  delete(options: NewRoute): void {
    const own = checkedRoute(options);
    const full = { ...own, scope: own.scope ?? 'nowhere', protocol: own.protocol ?? 'unspec' };
    const body = encode(this.#context, full);
    if (own.type === undefined) body[7] = 0; // rtm_type: any
    this.#context.send('DELROUTE', 0, body, routeBody, options);
  }
}
