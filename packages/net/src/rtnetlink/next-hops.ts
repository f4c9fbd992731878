// Next hops of a route that has several: struct rtnexthop, each with attributes.
import { type Members, parse } from '@ns/core/authors';
import { families, familyOf, ip, ipAddress } from '../netlink/addresses.js';
import { attributes } from '../netlink/attributes.js';
import { type Codec, encodable, s32, u8, u16 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { type Device, device } from './device.js';
import { defined } from './request-context.js';

/** One of several next hops of a route. */
export interface NextHop {
  readonly gateway?: string;
  readonly via?: string;
  readonly dev?: string | number;
  readonly weight: number;
  readonly flags: number;
}

/** A next hop to be added. */
export interface NewHop {
  gateway?: string | undefined;
  /** Same as `gateway`: the name that {@link Routes.list} uses for a gateway of the other family. */
  via?: string | undefined;
  dev?: Device | undefined;
  /** Default: 1. */
  weight?: number | undefined;
  /** The gateway is reachable although no address says so. */
  onlink?: boolean | undefined;
  /** Bits as {@link Routes.list} returns them. Only `onlink` (4) is used. */
  flags?: number | undefined;
}

export interface HopValues {
  flags: number;
  /** Weight less one. */
  hops: number;
  ifindex: number;
  gateway?: string | undefined;
  via?: string | undefined;
}

const ONLINK = 4;
const header = struct({ length: u16, flags: u8, hops: u8, ifindex: s32 });

/** Returns the codec of a list of next hops, given that of a gateway of another family. */
export function hop(via: Codec<string>): Codec<HopValues[]> {
  const table = attributes({ gateway: [5, ip], via: [18, via] });
  return {
    decode(buffer, start, end) {
      const list: HopValues[] = [];
      let at = start;
      while (at < end) {
        const fixed = header.decode(buffer, at, end);
        if (!fixed || fixed.length < header.size || at + fixed.length > end) return undefined;
        const { length, ...rest } = fixed;
        const { gateway, via: other } = table.decode(buffer, at + header.size, at + length);
        list.push(defined({ ...rest, gateway, via: other }) as HopValues);
        at += (length + 3) & ~3;
      }
      return list;
    },
    encode(values, name) {
      return Buffer.concat(
        values.flatMap(({ gateway, via: other, ...fixed }, i) => {
          const tail = table.encode({ gateway, via: other }, `${name}[${i}]`);
          const head = header.encode(
            { ...fixed, length: header.size + tail.length },
            `${name}[${i}]`,
            {},
          );
          return [head, tail];
        }),
      );
    },
  };
}

/** Converts a decoded next hop, with the name of its interface. */
export function toNextHop(values: HopValues, names: ReadonlyMap<number, string>): NextHop {
  const { gateway, via, ifindex, hops, flags } = values;
  return defined({
    gateway,
    via,
    dev: ifindex === 0 ? undefined : (names.get(ifindex) ?? ifindex),
    weight: hops + 1,
    flags,
  }) as NextHop;
}

/** The parser of a next hop. */
export const parseHop = parse.options({
  gateway: ipAddress,
  via: ipAddress,
  dev: device,
  weight: parse.withDefault(parse.integer(1, 256), 1),
  onlink: parse.boolean,
  flags: parse.withDefault(encodable(u8), 0),
} satisfies Members<NewHop>);

/** Converts a next hop to the values of its message. */
export function toHopValues(
  { via, gateway = via, dev, weight, onlink, flags }: ReturnType<typeof parseHop>,
  family: 'inet' | 'inet6',
  index: (device: Device) => number,
): HopValues {
  const crossing = gateway !== undefined && families[familyOf(gateway)] !== families[family];
  return {
    flags: onlink ? ONLINK : flags & ONLINK,
    hops: weight - 1,
    ifindex: dev === undefined ? 0 : index(dev),
    gateway: crossing ? undefined : gateway,
    via: crossing ? gateway : undefined,
  };
}
