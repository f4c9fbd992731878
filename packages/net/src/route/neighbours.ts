// Neighbours and forwarding databases: `ip neighbour`, `bridge fdb`.
import { type Family, families, familyName, familyOf, ip, lladdr } from '../netlink/addresses.js';
import { attributes, type RawAttribute } from '../netlink/attributes.js';
import { be16, s32, u8, u16, u32 } from '../netlink/codec.js';
import type { Decoder } from '../netlink/dump.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
import { protocol } from './iproute2-names.js';
import {
  type Context,
  creation,
  type Device,
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
/** What holds of a neighbour. */
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
  dst?: string;
  lladdr?: string;
  /** Default: PERMANENT. */
  state?: NeighbourState;
  /** `['self']` or `['master']` for a forwarding database, `['proxy']` to answer for others. */
  flags?: readonly NeighbourFlag[];
  vlan?: number;
  /** Of a forwarding database. Default: by the address. */
  family?: 'inet' | 'inet6' | 'bridge';
}

/** Which neighbours are listed. */
export interface NeighbourFilter {
  dev?: Device;
  /** `bridge` for the forwarding databases of bridges and VXLANs. Default: both IP families. */
  family?: 'inet' | 'inet6' | 'bridge';
}

const keys = [
  ...['dev', 'dst', 'lladdr', 'state', 'flags', 'vlan', 'family'],
] as const satisfies readonly (keyof NewNeighbour)[];

/** The bit of a state or a flag. */
function bitOf<N extends string>(
  table: Readonly<Record<N, number>>,
  name: N,
  option: string,
): number {
  if (Object.hasOwn(table, name)) return table[name];
  throw new RangeError(
    `${option}: ${String(name)} is not known; there are ${Object.keys(table).join(', ')}`,
  );
}

function names<N extends string>(table: Readonly<Record<N, number>>, bits: number): N[] {
  return (Object.keys(table) as N[]).filter((name) => (bits & table[name]) !== 0);
}

type Values = NonNullable<ReturnType<typeof neighbourBody.decode>>;

/** A decoded message as a neighbour. */
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

/** A neighbour as a message. To delete one, its state is not looked at. */
function encode(context: Context, given: NewNeighbour, otherwise?: NeighbourState): Uint8Array {
  const options = checked(given, keys, 'neighbour');
  const { dev, dst, lladdr: link, flags = [], vlan } = options;
  const state = otherwise === undefined ? undefined : (options.state ?? otherwise);
  const family = options.family ?? (dst === undefined ? 'bridge' : familyOf(dst));
  return neighbourBody.encode(
    {
      family: families[family],
      ifindex: context.index(dev),
      state: state === undefined ? 0 : bitOf(states, state, 'state'),
      flags: flags.reduce((bits, flag) => bits | bitOf(flagBits, flag, 'flags'), 0),
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
    const { dev, family } = checked(filter, ['dev', 'family'], 'filter');
    const index = dev === undefined ? 0 : this.#context.index(dev);
    // The forwarding databases take no filter of this kind.
    const via = family === 'bridge' || index === 0 ? undefined : index;
    const body = neighbourBody.encode({ family: families[family ?? 'unspec'] }, { via });
    const decode = this.#decoder();
    return {
      request: request('GETNEIGH', 0, body, neighbourBody, { dev, family }),
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

  /** Neighbours: `ip -j neighbour`, `bridge -j fdb`. */
  list(filter: NeighbourFilter = {}): Neighbour[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: NeighbourFilter = {}): AsyncGenerator<Neighbour, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * One neighbour: `ip -j neighbour get ADDRESS dev NAME`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   */
  get(options: { dev: Device; dst: string }): Neighbour {
    const { dev, dst } = checked(options, ['dev', 'dst'], 'neighbour');
    const header = { family: families[familyOf(dst)], ifindex: this.#context.index(dev) };
    const body = neighbourBody.encode(header, { dst });
    return this.#context.one({
      request: request('GETNEIGH', 0, body, neighbourBody, { dev, dst }),
      decode: this.#decoder(),
    });
  }

  /** Adds a neighbour: `ip neighbour add`, `bridge fdb add`. */
  add(options: NewNeighbour): void {
    const body = encode(this.#context, options, 'PERMANENT');
    this.#context.send('NEWNEIGH', creation.add, body, neighbourBody, options);
  }

  /** Adds a neighbour, or changes the one that is there: `ip neighbour replace`. */
  replace(options: NewNeighbour): void {
    const body = encode(this.#context, options, 'PERMANENT');
    this.#context.send('NEWNEIGH', creation.replace, body, neighbourBody, options);
  }

  /** Changes a neighbour that is there: `ip neighbour change`. */
  change(options: NewNeighbour): void {
    const body = encode(this.#context, options, 'PERMANENT');
    this.#context.send('NEWNEIGH', creation.change, body, neighbourBody, options);
  }

  /** Removes a neighbour: `ip neighbour delete`. */
  delete(options: NewNeighbour): void {
    const body = encode(this.#context, options);
    this.#context.send('DELNEIGH', 0, body, neighbourBody, options);
  }
}
