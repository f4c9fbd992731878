// Messages about addresses: struct ifaddrmsg and its attributes, and addresses as a user sees them.
import { type Family, familyName, ip } from '../netlink/addresses.js';
import { attributes, type RawAttribute } from '../netlink/attributes.js';
import { text, u8, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { scope } from './iproute2-names.js';
import { defined, leftovers } from './request-context.js';

/** Bits of IFA_FLAGS by their names. */
export const flagBits = {
  secondary: 0x01,
  nodad: 0x02,
  optimistic: 0x04,
  dadfailed: 0x08,
  home: 0x10,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  mngtmpaddr: 0x100,
  noprefixroute: 0x200,
  autojoin: 0x400,
  'stable-privacy': 0x800,
};

/** Flag of an address. */
export type AddressFlag = keyof typeof flagBits;

/** Messages about addresses: struct ifaddrmsg. */
export const addressBody = new Body(
  struct({ family: u8, prefixlen: u8, flags: u8, scope, index: u32 }),
  attributes({
    address: [1, ip],
    local: [2, ip],
    label: [3, text(15)],
    broadcast: [4, ip],
    anycast: [5, ip],
    cacheinfo: [6, struct({ preferred: u32, valid: u32, created: u32, updated: u32 })],
    multicast: [7, ip],
    allFlags: [8, u32],
    metric: [9, u32],
    protocol: [11, u8],
  }),
);

/** An address of an interface, in the terms of `ip -j address`. */
export interface Address {
  readonly ifindex: number;
  readonly family: Family;
  /** The address itself. */
  readonly local: string;
  /** The other end, on a point-to-point link. */
  readonly address?: string;
  readonly prefixlen: number;
  readonly broadcast?: string;
  readonly scope: string | number;
  readonly flags: readonly AddressFlag[];
  readonly label?: string;
  readonly metric?: number;
  /** Origin: 1 the kernel for loopback, 2 by router advertisement, 3 for link-local. */
  readonly protocol?: number;
  /** Seconds that it is valid; Infinity for ever. */
  readonly valid_life_time: number;
  /** Seconds that new connections use it. */
  readonly preferred_life_time: number;
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** For ever, as the kernel writes it. */
export const FOREVER = 0xffff_ffff;

const lifetime = (seconds: number | undefined) =>
  seconds === undefined || seconds === FOREVER ? Number.POSITIVE_INFINITY : seconds;

type Values = NonNullable<ReturnType<typeof addressBody.decode>>;

/** A decoded message as an address. */
export function toAddress(values: Values): Address {
  const { local = values.address ?? '', cacheinfo } = values;
  const bits = values.allFlags ?? values.flags;
  const names = Object.keys(flagBits) as AddressFlag[];
  return defined({
    ifindex: values.index,
    family: familyName(values.family) ?? 'unspec',
    local,
    address: values.address === local ? undefined : values.address,
    prefixlen: values.prefixlen,
    broadcast: values.broadcast,
    scope: values.scope,
    flags: names.filter((name) => (bits & flagBits[name]) !== 0),
    label: values.label,
    metric: values.metric,
    protocol: values.protocol,
    valid_life_time: lifetime(cacheinfo?.valid),
    preferred_life_time: lifetime(cacheinfo?.preferred),
    ...leftovers(values),
  }) as Address;
}

/** Reads an answer. */
export function decode(bytes: Buffer, start: number, end: number): Address | undefined {
  const values = addressBody.decode(bytes, start, end);
  return values && toAddress(values);
}
