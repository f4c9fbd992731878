// Neighbours and forwarding databases: `ip neighbour`, `bridge fdb`.
import { type Members, parse } from '@ns/core/authors';
import {
  type Family,
  families,
  familyName,
  familyOf,
  ip,
  ipAddress,
  lladdr,
} from '../netlink/addresses.js';
import { attributes, type RawAttribute } from '../netlink/attributes.js';
import { be16, encodable, s32, u8, u16, u32 } from '../netlink/codec.js';
import type { Decoder } from '../netlink/dump.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { type Device, device } from './device.js';
import { protocol } from './iproute2-names.js';
import {
  type Context,
  creation,
  defined,
  leftovers,
  type Question,
  request,
} from './request-context.js';

const states = {
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
};
const flagBits = {
  use: 0x01,
  self: 0x02,
  master: 0x04,
  proxy: 0x08,
  extern_learn: 0x10,
  offload: 0x20,
  sticky: 0x40,
  router: 0x80,
};

/** State of a neighbour. */
export type NeighbourState = keyof typeof states;
/** Flag of a neighbour. */
export type NeighbourFlag = keyof typeof flagBits;

/** Messages about neighbours: struct ndmsg. */
export const neighbourBody = new Body(
  struct({ family: u8, _pad1: u8, _pad2: u16, ifindex: s32, state: u16, flags: u8, type: u8 }),
  attributes({
    dst: [1, ip],
    lladdr: [2, lladdr],
    cacheinfo: [3, struct({ confirmed: u32, used: u32, updated: u32, refcnt: u32 })],
    probes: [4, u32],
    vlan: [5, u16],
    port: [6, be16],
    vni: [7, u32],
    via: [8, u32],
    master: [9, u32],
    link_netnsid: [10, s32],
    src_vni: [11, u32],
    protocol: [12, protocol],
    nhid: [13, u32],
    flagsExt: [15, u32],
  }),
);

/** A neighbour, or an entry of a forwarding database (family `bridge`). */
export interface Neighbour {
  readonly family: Family;
  readonly ifindex: number;
  /** Name of the interface; its index if it has just gone. */
  readonly dev: string | number;
  /** Address; in a forwarding database, the remote end of a tunnel. */
  readonly dst?: string;
  readonly lladdr?: string;
  readonly state: readonly NeighbourState[];
  readonly flags: readonly NeighbourFlag[];
  readonly vlan?: number;
  readonly master?: number;
  readonly protocol?: string | number;
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** A neighbour to be added. */
export interface NewNeighbour {
  dev: Device;
  /** Address. Not for an entry of a bridge's database. */
  dst?: string | undefined;
  lladdr?: string | undefined;
  /** Default: PERMANENT. */
  state?: NeighbourState | undefined;
  /** `['self']` or `['master']` for a forwarding database, `['proxy']` to answer for others. */
  flags?: readonly NeighbourFlag[] | undefined;
  vlan?: number | undefined;
  /** Of a forwarding database. Default: by the address. */
  family?: 'inet' | 'inet6' | 'bridge' | undefined;
}

/** Limits the neighbours that are listed. */
export interface NeighbourFilter {
  dev?: Device | undefined;
  /** `bridge` for the forwarding databases of bridges and VXLANs. Default: both IP families. */
  family?: 'inet' | 'inet6' | 'bridge' | undefined;
}

/** The address of a neighbour on an interface. */
export interface NeighbourPlace {
  dev: Device;
  dst: string;
}

const family = parse.oneOf('inet', 'inet6', 'bridge');
const state = parse.oneOf(...(Object.keys(states) as NeighbourState[]));
const flag = parse.oneOf(...(Object.keys(flagBits) as NeighbourFlag[]));

const parseNew = parse.options({
  dev: parse.required(device),
  dst: ipAddress,
  lladdr: encodable(lladdr),
  state: parse.withDefault(state, 'PERMANENT'),
  flags: parse.withDefault(parse.list(flag), []),
  vlan: encodable(u16),
  family,
} satisfies Members<NewNeighbour>);

const parseFilter = parse.options({ dev: device, family } satisfies Members<NeighbourFilter>);

const parsePlace = parse.options({
  dev: parse.required(device),
  dst: parse.required(ipAddress),
} satisfies Members<NeighbourPlace>);

function names<N extends string>(table: Readonly<Record<N, number>>, bits: number): N[] {
  return (Object.keys(table) as N[]).filter((name) => (bits & table[name]) !== 0);
}

type Values = NonNullable<ReturnType<typeof neighbourBody.decode>>;

/** Converts a decoded message to a neighbour. */
export function toNeighbour(values: Values, interfaces: ReadonlyMap<number, string>): Neighbour {
  const { ifindex, dst, lladdr: link, vlan, master, protocol: origin } = values;
  return defined({
    family: familyName(values.family) ?? 'unspec',
    ifindex,
    dev: interfaces.get(ifindex) ?? ifindex,
    dst,
    lladdr: link,
    state: names(states, values.state),
    flags: names(flagBits, values.flags),
    vlan,
    master,
    protocol: origin,
    ...leftovers(values),
  }) as Neighbour;
}

/** Encodes a neighbour as a message. */
function encode(context: Context, given: NewNeighbour, isRemoved = false): Uint8Array {
  const options = parseNew(given, 'neighbour');
  const { dev, dst, lladdr: link, flags, vlan } = options;
  const ofAddress = dst === undefined ? 'bridge' : familyOf(dst);
  return neighbourBody.encode(
    {
      family: families[options.family ?? ofAddress],
      ifindex: context.index(dev),
      state: isRemoved ? 0 : states[options.state],
      flags: flags.reduce((bits, one) => bits | flagBits[one], 0),
    },
    { dst, lladdr: link, vlan },
  );
}

/** The neighbours of a namespace. */
export class Neighbours {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #table(filter: NeighbourFilter): Question<Neighbour> {
    const { dev, family: wanted } = parseFilter(filter, 'filter');
    const index = dev === undefined ? 0 : this.#context.index(dev);
    // The forwarding databases take no filter of this kind.
    const via = wanted === 'bridge' || index === 0 ? undefined : index;
    const body = neighbourBody.encode({ family: families[wanted ?? 'unspec'] }, { via });
    const decode = this.#decoder();
    return {
      request: request('GETNEIGH', 0, body, neighbourBody, { dev, family: wanted }),
      decode(...message) {
        const one = decode(...message);
        return one && index !== 0 && one.ifindex !== index ? null : one;
      },
    };
  }

  #decoder(): Decoder<Neighbour> {
    const interfaces = this.#context.names();
    return (bytes, start, end) => {
      const values = neighbourBody.decode(bytes, start, end);
      return values && toNeighbour(values, interfaces);
    };
  }

  /** Lists neighbours: `ip -j neighbour`, `bridge -j fdb`. */
  list(filter: NeighbourFilter = {}): Neighbour[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: NeighbourFilter = {}): AsyncGenerator<Neighbour, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * Returns one neighbour: `ip -j neighbour get ADDRESS dev NAME`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   */
  get(options: NeighbourPlace): Neighbour {
    const { dev, dst } = parsePlace(options, 'neighbour');
    const header = { family: families[familyOf(dst)], ifindex: this.#context.index(dev) };
    const body = neighbourBody.encode(header, { dst });
    return this.#context.one({
      request: request('GETNEIGH', 0, body, neighbourBody, { dev, dst }),
      decode: this.#decoder(),
    });
  }

  /** Adds a neighbour: `ip neighbour add`, `bridge fdb add`. */
  add(options: NewNeighbour): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWNEIGH', creation.add, body, neighbourBody, options);
  }

  /** Adds a neighbour, or changes the one that is there: `ip neighbour replace`. */
  replace(options: NewNeighbour): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWNEIGH', creation.replace, body, neighbourBody, options);
  }

  /** Changes a neighbour that is there: `ip neighbour change`. */
  change(options: NewNeighbour): void {
    const body = encode(this.#context, options);
    this.#context.send('NEWNEIGH', creation.change, body, neighbourBody, options);
  }

  /** Removes a neighbour: `ip neighbour delete`. */
  remove(options: NewNeighbour): void {
    const body = encode(this.#context, options, true);
    this.#context.send('DELNEIGH', 0, body, neighbourBody, options);
  }
}
