// The ways of a route with several: struct rtnexthop, each with attributes.
import { families, familyOf, ip } from '../netlink/addresses.js';
import { attributes } from '../netlink/attributes.js';
import { type Codec, s32, u8, u16 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
import { type Device, defined } from './request-context.js';

/** One of several ways. */
export interface NextHop {
  readonly gateway?: string;
  readonly via?: string;
  readonly dev?: string | number;
  readonly weight: number;
  readonly flags: number;
}

/** A way to be added. */
export interface NewHop {
  gateway?: string;
  /** The same as `gateway`, as {@link Routes.list} calls one of the other family. */
  via?: string;
  dev?: Device;
  /** Default: 1. */
  weight?: number;
  /** The gateway is reachable although no address says so. */
  onlink?: boolean;
  /** Bits as {@link Routes.list} tells them, of which `onlink` (4) counts. */
  flags?: number;
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

/** The list as a codec; how a gateway of another family is written is the caller's. */
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

/** A decoded way, with the name of its interface. */
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

/** A way to be encoded. */
export function toHopValues(
  one: NewHop,
  family: 'inet' | 'inet6',
  index: (device: Device) => number,
  name: string,
): HopValues {
  const keys = ['gateway', 'via', 'dev', 'weight', 'onlink', 'flags'];
  const { via, gateway = via, dev, weight = 1, onlink, flags = 0 } = checked(one, keys, name);
  if (!Number.isInteger(weight) || weight < 1 || weight > 256) {
    throw new RangeError(`weight must be an integer from 1 to 256: ${weight}`);
  }
  const crossing = gateway !== undefined && families[familyOf(gateway)] !== families[family];
  return {
    flags: onlink ? ONLINK : flags & ONLINK,
    hops: weight - 1,
    ifindex: dev === undefined ? 0 : index(dev),
    gateway: crossing ? undefined : gateway,
    via: crossing ? gateway : undefined,
  };
}
