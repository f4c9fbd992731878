// Nexthop objects, which many routes can share: `ip nexthop`. Linux 5.3.
import { type Members, parse } from '@ns/core/authors';
import {
  type Family,
  families,
  familyName,
  familyOf,
  ip,
  ipAddress,
  ipFamily,
} from '../netlink/addresses.js';
import { attributes, type RawAttribute } from '../netlink/attributes.js';
import { type Codec, encodable, flag, u8, u16, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { type Device, device } from './device.js';
import { protocol, scope } from './iproute2-names.js';
import {
  type Context,
  creation,
  defined,
  leftovers,
  type Question,
  request,
} from './request-context.js';
import { routeFlags } from './route-table.js';

const ONLINK = 4;
const member = struct({ id: u32, weight: u8, _pad1: u8, _pad2: u16 });

/** Members of a group; the weight is stored less one. */
const group: Codec<{ id: number; weight: number }[]> = {
  decode(bytes, start, end) {
    const list: { id: number; weight: number }[] = [];
    for (let at = start; at < end; at += member.size) {
      const one = member.decode(bytes, at, end);
      if (one === undefined) return undefined;
      list.push({ id: one.id, weight: one.weight + 1 });
    }
    return list;
  },
  encode: (list, name) =>
    Buffer.concat(
      list.map(({ id, weight }, i) =>
        member.encode({ id, weight: weight - 1 }, `${name}[${i}]`, {}),
      ),
    ),
};

/** Messages about nexthops: struct nhmsg. */
export const nexthopBody = new Body(
  struct({ family: u8, scope, protocol, _reserved: u8, flags: u32 }),
  attributes({
    id: [1, u32],
    group: [2, group],
    groupType: [3, u16],
    blackhole: [4, flag],
    oif: [5, u32],
    gateway: [6, ip],
    groups: [9, flag],
    master: [10, u32],
    fdb: [11, flag],
  }),
);

/** A nexthop object, in the terms of `ip -j nexthop`. */
export interface Nexthop {
  readonly id: number;
  readonly family: Family;
  readonly gateway?: string;
  readonly dev?: string | number;
  readonly group?: readonly { readonly id: number; readonly weight: number }[];
  readonly blackhole?: boolean;
  readonly fdb?: boolean;
  readonly scope: string | number;
  readonly protocol: string | number;
  readonly flags: readonly string[];
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** A nexthop object to be added. */
export interface NewNexthop {
  id: number;
  /** Default: by the gateway, else inet. */
  family?: 'inet' | 'inet6' | undefined;
  gateway?: string | undefined;
  dev?: Device | undefined;
  /** Other nexthops, of which each connection takes one. */
  group?: readonly NexthopGroupMember[] | undefined;
  blackhole?: boolean | undefined;
  onlink?: boolean | undefined;
  protocol?: string | number | undefined;
}

/** A member of a group. */
export interface NexthopGroupMember {
  id: number;
  /** From 1 to 256. Default: 1. */
  weight?: number | undefined;
}

const parseId = encodable(u32);

const parseNew = parse.options({
  id: parse.required(parseId),
  family: ipFamily,
  gateway: ipAddress,
  dev: device,
  group: parse.list(
    parse.options({
      id: parse.required(parseId),
      weight: parse.withDefault(parse.integer(1, 256), 1),
    } satisfies Members<NexthopGroupMember>),
  ),
  blackhole: parse.boolean,
  onlink: parse.boolean,
  protocol: parse.withDefault(encodable(protocol), 'unspec'),
} satisfies Members<NewNexthop>);

function encode(context: Context, given: NewNexthop): Uint8Array {
  const options = parseNew(given, 'nexthop');
  const { id, gateway, dev, group: members, blackhole, onlink } = options;
  const byGateway = gateway === undefined ? 'inet' : familyOf(gateway);
  const family = members ? 'unspec' : (options.family ?? byGateway);
  return nexthopBody.encode(
    {
      family: families[family],
      protocol: options.protocol,
      flags: onlink ? ONLINK : 0,
    },
    {
      id,
      gateway,
      oif: dev === undefined ? undefined : context.index(dev),
      group: members?.map(({ id: other, weight }) => ({ id: other, weight })),
      blackhole,
    },
  );
}

function decode(
  bytes: Buffer,
  start: number,
  end: number,
  names: ReadonlyMap<number, string>,
): Nexthop | undefined {
  const values = nexthopBody.decode(bytes, start, end);
  if (values === undefined) return undefined;
  const { oif, id = 0, gateway, group: members, blackhole, fdb } = values;
  return defined({
    id,
    family: familyName(values.family) ?? 'unspec',
    gateway,
    dev: oif === undefined ? undefined : (names.get(oif) ?? oif),
    group: members,
    blackhole,
    fdb,
    scope: values.scope,
    protocol: values.protocol,
    flags: routeFlags(values.flags),
    ...leftovers(values),
  }) as Nexthop;
}

/** The nexthop objects of a namespace. */
export class Nexthops {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #question(body: Uint8Array, about: object): Question<Nexthop> {
    const names = this.#context.names();
    return {
      request: request('GETNEXTHOP', 0, body, nexthopBody, about),
      decode: (bytes, start, end) => decode(bytes, start, end, names),
    };
  }

  /** Lists all nexthops: `ip -j nexthop`. */
  list(): Nexthop[] {
    return this.#context.list(this.#question(nexthopBody.encode({}, {}), {}));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(): AsyncGenerator<Nexthop, void, undefined> {
    return this.#context.each(this.#question(nexthopBody.encode({}, {}), {}));
  }

  /**
   * Returns one nexthop: `ip -j nexthop get id ID`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   */
  get(id: number): Nexthop {
    const body = nexthopBody.encode({}, { id: parseId(id, 'id') });
    return this.#context.one(this.#question(body, { id }));
  }

  /** Adds a nexthop: `ip nexthop add id ID ...`. */
  add(options: NewNexthop): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWNEXTHOP', creation.add, body, nexthopBody, options);
  }

  /** Adds a nexthop, or replaces the one of this number: `ip nexthop replace`. */
  replace(options: NewNexthop): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWNEXTHOP', creation.replace, body, nexthopBody, options);
  }

  /** Changes a nexthop that is there: RTM_NEWNEXTHOP with NLM_F_REPLACE alone. */
  change(options: NewNexthop): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWNEXTHOP', creation.change, body, nexthopBody, options);
  }

  /** Removes a nexthop, and the routes that use it: `ip nexthop delete id ID`. */
  remove(id: number): void {
    const body = nexthopBody.encode({}, { id: parseId(id, 'id') });
    this.#context.send('DELNEXTHOP', 0, body, nexthopBody, { id });
  }
}
