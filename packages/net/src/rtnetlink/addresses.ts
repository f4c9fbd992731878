// Addresses of interfaces: `ip address`.
import { type Members, parse } from '@ns/core/authors';
import { errnoNumber } from '@ns/core/sys';
import {
  canonicalIP,
  families,
  familyOf,
  ip,
  ipFamily,
  parsePrefix,
} from '../netlink/addresses.js';
import { encodable, text, u32 } from '../netlink/codec.js';
import { NetlinkError } from '../netlink/error.js';
import {
  type Address,
  type AddressFlag,
  addressBody,
  decode,
  FOREVER,
  flagBits,
} from './address-table.js';
import { type Device, device, nullable } from './device.js';
import { scope } from './iproute2-names.js';
import { type Context, creation, type Question, request } from './request-context.js';

const EADDRNOTAVAIL = errnoNumber('EADDRNOTAVAIL');

/** An address to be added. */
export interface NewAddress {
  /** The interface. */
  dev: Device;
  /** With the length of the prefix: `10.0.0.1/24`. Without, the whole address. */
  address: string;
  /** The other end, on a point-to-point link. */
  peer?: string | undefined;
  /** Broadcast address; null for none. Default: the last address of IPv4 prefixes up to 30 bits. */
  broadcast?: string | null | undefined;
  /** Default: `host` for loopback addresses, else `global`. */
  scope?: 'global' | 'site' | 'link' | 'host' | number | undefined;
  label?: string | undefined;
  metric?: number | undefined;
  /** Seconds. Default: for ever. */
  validLifetime?: number | undefined;
  /** Seconds. Default: as long as it is valid. */
  preferredLifetime?: number | undefined;
  /** For IPv6, `['nodad']` makes it usable at once. */
  flags?: readonly (
    | 'nodad'
    | 'optimistic'
    | 'home'
    | 'mngtmpaddr'
    | 'noprefixroute'
    | 'autojoin'
  )[];
}

/** Limits the addresses that are listed. */
export interface AddressFilter {
  dev?: Device | undefined;
  family?: 'inet' | 'inet6' | undefined;
}

/** An address of an interface. */
export interface AddressPlace {
  dev: Device;
  /** With or without the length of the prefix. */
  address: string;
}

/** Returns the last address of an IPv4 prefix. */
function lastAddress(address: string, prefixlen: number): string | undefined {
  if (address.includes(':') || prefixlen > 30) return undefined;
  const bytes = Buffer.from(address.split('.').map(Number));
  bytes.writeUInt32BE((bytes.readUInt32BE(0) | (0xffff_ffff >>> prefixlen)) >>> 0);
  return bytes.join('.');
}

/** The parser of a lifetime in seconds, as the kernel writes it. */
const lifetime: (value: unknown, name: string) => number = (value, name) =>
  value === Number.POSITIVE_INFINITY ? FOREVER : parse.integer(0, FOREVER - 1)(value, name);

/** Flags that callers can set. */
const settable = [
  'nodad',
  'optimistic',
  'home',
  'mngtmpaddr',
  'noprefixroute',
  'autojoin',
] as const;

const parseNew = parse.options({
  dev: parse.required(device),
  address: parse.required(parsePrefix),
  peer: parsePrefix,
  broadcast: nullable(encodable(ip)),
  scope: encodable(scope),
  label: encodable(text(15)),
  metric: encodable(u32),
  validLifetime: lifetime,
  preferredLifetime: lifetime,
  flags: parse.withDefault(parse.list(parse.oneOf(...settable)), []),
} satisfies Members<NewAddress>);

const parseFilter = parse.options({
  dev: device,
  family: ipFamily,
} satisfies Members<AddressFilter>);

const parsePlace = parse.options({
  dev: parse.required(device),
  address: parse.required(parse.text),
} satisfies Members<AddressPlace>);

function encode(context: Context, options: ReturnType<typeof parseNew>): Uint8Array {
  const { dev, peer, label, metric, validLifetime, preferredLifetime, flags } = options;
  const { address, prefixlen } = options.address;
  const defaultScope = address.startsWith('127.') ? 'host' : 'global';
  const bits = flags.reduce((sum, flag: AddressFlag) => sum | flagBits[flag], 0);
  const isTimed = validLifetime !== undefined || preferredLifetime !== undefined;
  const broadcast =
    options.broadcast === null || peer
      ? undefined
      : (options.broadcast ??
        (defaultScope === 'host' ? undefined : lastAddress(address, prefixlen)));
  return addressBody.encode(
    {
      family: families[familyOf(address)],
      prefixlen: peer?.prefixlen ?? prefixlen,
      scope: options.scope ?? defaultScope,
      index: context.index(dev),
    },
    {
      local: address,
      address: peer?.address ?? address,
      broadcast,
      label,
      metric,
      allFlags: bits || undefined,
      cacheinfo: isTimed
        ? {
            valid: validLifetime ?? FOREVER,
            preferred: preferredLifetime ?? validLifetime ?? FOREVER,
            created: 0,
            updated: 0,
          }
        : undefined,
    },
  );
}

/** The addresses of a namespace. */
export class Addresses {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #table(filter: AddressFilter): Question<Address> {
    const { dev, family } = parseFilter(filter, 'filter');
    const index = dev === undefined ? 0 : this.#context.index(dev);
    const body = addressBody.encode({ family: families[family ?? 'unspec'], index }, {});
    return { request: request('GETADDR', 0, body, addressBody, { dev, family }), decode };
  }

  /** Lists addresses: `ip -j address`. */
  list(filter: AddressFilter = {}): Address[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: AddressFilter = {}): AsyncGenerator<Address, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * Returns one address of an interface. The length of a prefix is compared if it is given.
   *
   * @throws {NetlinkError} EADDRNOTAVAIL if the interface does not have it
   */
  get(options: AddressPlace): Address {
    const { dev, address } = parsePlace(options, 'address');
    const { address: plain, prefixlen } = parsePrefix(address, 'address.address');
    const family = familyOf(plain);
    const local = canonicalIP(plain);
    // The kernel gives a single one only of IPv6.
    const found = this.list({ dev, family }).find(
      (one) => one.local === local && (!address.includes('/') || one.prefixlen === prefixlen),
    );
    if (!found) throw new NetlinkError(EADDRNOTAVAIL, 'RTM_GETADDR', { dev, address });
    return found;
  }

  /**
   * Gives an interface an address: `ip address add ADDRESS dev NAME`.
   *
   * @throws {NetlinkError} EEXIST if the interface has it
   */
  add(options: NewAddress): void {
    const body = encode(this.#context, parseNew(options, 'address'));
    this.#context.send('NEWADDR', creation.add, body, addressBody, options);
  }

  /** Adds an address, or changes it if the interface has it: `ip address replace`. */
  replace(options: NewAddress): void {
    const body = encode(this.#context, parseNew(options, 'address'));
    this.#context.send('NEWADDR', creation.replace, body, addressBody, options);
  }

  /** Changes lifetimes, metric or flags of an address: `ip address change`. */
  change(options: NewAddress): void {
    const body = encode(this.#context, parseNew(options, 'address'));
    this.#context.send('NEWADDR', creation.change, body, addressBody, options);
  }

  /**
   * Takes an address away: `ip address delete ADDRESS dev NAME`.
   *
   * @throws {NetlinkError} EADDRNOTAVAIL if the interface does not have it
   */
  remove(options: AddressPlace): void {
    const { dev, address: text } = parsePlace(options, 'address');
    const { address, prefixlen } = parsePrefix(text, 'address.address');
    const index = this.#context.index(dev);
    const header = { family: families[familyOf(address)], prefixlen, index };
    const body = addressBody.encode(header, { local: address, address });
    this.#context.send('DELADDR', 0, body, addressBody, options);
  }
}
