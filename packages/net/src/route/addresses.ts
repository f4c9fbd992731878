// Addresses of interfaces: `ip address`.
import { errnoNumber } from '@ns/core/sys';
import { canonicalIP, families, familyOf, parsePrefix } from '../netlink/addresses.js';
import { NetlinkError } from '../netlink/error.js';
import { checked } from '../options.js';
import { type Address, addressBody, decode, FOREVER, flagBits } from './address-table.js';
import { type Context, creation, type Device, type Question, request } from './request-context.js';

const EADDRNOTAVAIL = errnoNumber('EADDRNOTAVAIL');
/** An address to be added. */
export interface NewAddress {
  /** The interface. */
  dev: Device;
  /** With the length of the prefix: `10.0.0.1/24`. Without, the whole address. */
  address: string;
  /** The other end, on a point-to-point link. */
  peer?: string;
  /** Default for IPv4 prefixes up to 30 bits: the last address. Null: none. */
  broadcast?: string | null;
  /** Default: `host` for loopback addresses, else `global`. */
  scope?: 'global' | 'site' | 'link' | 'host' | number;
  label?: string;
  metric?: number;
  /** Seconds. Default: for ever. */
  validLifetime?: number;
  /** Seconds. Default: as long as it is valid. */
  preferredLifetime?: number;
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

/** Which addresses are listed. */
export interface AddressFilter {
  dev?: Device;
  family?: 'inet' | 'inet6';
}

/** The last address of an IPv4 prefix. */
function lastAddress(address: string, prefixlen: number): string | undefined {
  if (address.includes(':') || prefixlen > 30) return undefined;
  const bytes = Buffer.from(address.split('.').map(Number));
  bytes.writeUInt32BE((bytes.readUInt32BE(0) | (0xffff_ffff >>> prefixlen)) >>> 0);
  return bytes.join('.');
}

function seconds(value: number | undefined, name: string): number {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return FOREVER;
  if (!Number.isInteger(value) || value < 0 || value >= FOREVER) {
    throw new RangeError(`${name} must be a number of seconds: ${value}`);
  }
  return value;
}

const keys = [
  ...['dev', 'address', 'peer', 'broadcast', 'scope', 'label', 'metric'],
  ...['validLifetime', 'preferredLifetime', 'flags'],
] as const satisfies readonly (keyof NewAddress)[];

function encode(context: Context, given: NewAddress): Uint8Array {
  const options = checked(given, keys, 'address');
  const { dev, peer, label, metric, validLifetime, preferredLifetime, flags = [] } = options;
  const { address, prefixlen } = parsePrefix(options.address, 'address');
  const other = peer === undefined ? undefined : parsePrefix(peer, 'peer');
  const host = address.startsWith('127.') ? 'host' : 'global';
  const bits = flags.reduce((sum, flag) => {
    if (!Object.hasOwn(flagBits, flag)) throw new RangeError(`flags: ${flag} is not known`);
    return sum | flagBits[flag];
  }, 0);
  const timed = validLifetime !== undefined || preferredLifetime !== undefined;
  const broadcast =
    options.broadcast === null || other
      ? undefined
      : (options.broadcast ?? (host === 'host' ? undefined : lastAddress(address, prefixlen)));
  return addressBody.encode(
    {
      family: families[familyOf(address)],
      prefixlen: other?.prefixlen ?? prefixlen,
      scope: options.scope ?? host,
      index: context.index(dev),
    },
    {
      local: address,
      address: other?.address ?? address,
      broadcast,
      label,
      metric,
      allFlags: bits || undefined,
      cacheinfo: timed
        ? {
            valid: seconds(validLifetime, 'validLifetime'),
            preferred: seconds(preferredLifetime ?? validLifetime, 'preferredLifetime'),
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
    const { dev, family } = checked(filter, ['dev', 'family'], 'filter');
    const index = dev === undefined ? 0 : this.#context.index(dev);
    const body = addressBody.encode({ family: families[family ?? 'unspec'], index }, {});
    return { request: request('GETADDR', 0, body, addressBody, { dev, family }), decode };
  }

  /** Addresses: `ip -j address`. */
  list(filter: AddressFilter = {}): Address[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: AddressFilter = {}): AsyncGenerator<Address, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * One address of an interface. The length of a prefix is compared if it is given.
   *
   * @throws {NetlinkError} EADDRNOTAVAIL if the interface does not have it
   */
  get(options: { dev: Device; address: string }): Address {
    const { dev, address } = checked(options, ['dev', 'address'], 'address');
    const { address: plain, prefixlen } = parsePrefix(address, 'address');
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
    const body = encode(this.#context, options);
    this.#context.send('NEWADDR', creation.add, body, addressBody, options);
  }

  /** The same, or changes it if the interface has it: `ip address replace`. */
  replace(options: NewAddress): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWADDR', creation.replace, body, addressBody, options);
  }

  /** Changes lifetimes, metric or flags of an address: `ip address change`. */
  change(options: NewAddress): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWADDR', creation.change, body, addressBody, options);
  }

  /**
   * Takes an address away: `ip address delete ADDRESS dev NAME`.
   *
   * @throws {NetlinkError} EADDRNOTAVAIL if the interface does not have it
   */
  delete(options: { dev: Device; address: string }): void {
    const { dev, address: prefix } = checked(options, ['dev', 'address'], 'address');
    const { address, prefixlen } = parsePrefix(prefix, 'address');
    const index = this.#context.index(dev);
    const header = { family: families[familyOf(address)], prefixlen, index };
    const body = addressBody.encode(header, { local: address, address });
    this.#context.send('DELADDR', 0, body, addressBody, options);
  }
}
