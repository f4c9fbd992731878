// Queueing disciplines, classes and filters: `tc`.
import type { RawAttribute, ValuesOf } from '../netlink/attributes.js';
import {
  type Context,
  creation,
  type Device,
  defined,
  leftovers,
  request,
} from '../route/context.js';
import type { FilterAction, flower, matchall, U32Key, u32Filter } from './filter-kinds.js';
import type { NetemOptions } from './netem.js';
import type { fqCodel, HtbClassOptions, HtbOptions, TbfOptions } from './qdisc-kinds.js';
import { classBody, filterBody, qdiscBody } from './table.js';
import { formatHandle, parseHandle } from './units.js';

/** Counters of a qdisc or class. */
export interface TrafficStats {
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly overlimits: number;
  readonly backlog: number;
  readonly qlen: number;
}

/** A qdisc, class or filter. */
export interface TrafficItem {
  readonly kind: string;
  readonly dev: string | number;
  readonly handle: string;
  /** What it hangs on: `root`, `1:`, `ingress`, ... */
  readonly parent: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly stats?: TrafficStats;
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** A filter. */
export interface Filter extends TrafficItem {
  readonly pref: number;
  /** EtherType. */
  readonly protocol: string | number;
  readonly chain: number;
}

interface Place {
  dev: Device;
  /** `1:`, `1:10`. Default: the kernel chooses. */
  handle?: string;
  /** Default: root. */
  parent?: string;
}

/** A qdisc to be added. */
export type NewQdisc = Place &
  (
    | { kind: 'tbf'; options: TbfOptions }
    | { kind: 'htb'; options?: HtbOptions }
    | { kind: 'fq_codel'; options?: ValuesOf<typeof fqCodel.entries> }
    | { kind: 'netem'; options: NetemOptions }
    /** For what comes in; filters hang on `ffff:`. */
    | { kind: 'ingress' }
    /** For what comes in and what goes out; filters hang on `ingress` and `egress`. */
    | { kind: 'clsact' }
  );

/** A class to be added. */
export type NewClass = Place & { kind: 'htb'; options: HtbClassOptions };

type FilterOptions<E extends typeof matchall | typeof flower | typeof u32Filter> = Omit<
  ValuesOf<E['entries']>,
  'actions' | 'match'
> & { actions?: FilterAction[] };

const protocols: Readonly<Record<string, number>> = {
  all: 3,
  ip: 0x0800,
  arp: 0x0806,
  '802.1Q': 0x8100,
  ipv6: 0x86dd,
};
const protocolNames = new Map(Object.entries(protocols).map(([name, number]) => [number, name]));

/** A filter to be added. */
export type NewFilter = Place & {
  /** The lowest comes first. Default: the kernel chooses. */
  pref?: number;
  /** Default: all. */
  protocol?: keyof typeof protocols | number;
  chain?: number;
} & (
    | { kind: 'matchall'; options: FilterOptions<typeof matchall> }
    | { kind: 'flower'; options: FilterOptions<typeof flower> }
    | { kind: 'u32'; options: FilterOptions<typeof u32Filter> & { match: U32Key[] } }
  );

type Values = NonNullable<ReturnType<typeof qdiscBody.decode>>;

function statsOf({ stats2 }: Values): TrafficStats | undefined {
  if (!stats2) return undefined;
  const { basic, queue, packets64 } = stats2;
  return {
    bytes: basic?.bytes ?? 0,
    packets: packets64 ?? basic?.packets ?? 0,
    drops: queue?.drops ?? 0,
    overlimits: queue?.overlimits ?? 0,
    backlog: queue?.backlog ?? 0,
    qlen: queue?.qlen ?? 0,
  };
}

function toItem(values: Values, names: ReadonlyMap<number, string>): TrafficItem {
  return defined({
    kind: values.kind ?? '',
    dev: names.get(values.ifindex) ?? values.ifindex,
    handle: formatHandle(values.handle),
    parent: formatHandle(values.parent),
    options: values.options as Record<string, unknown> | undefined,
    stats: statsOf(values),
    ...leftovers(values),
  }) as TrafficItem;
}

const swap = (word: number) => ((word & 0xff) << 8) | (word >>> 8);

function protocolNumber(protocol: string | number): number {
  const number = typeof protocol === 'number' ? protocol : protocols[protocol];
  if (number === undefined || !Number.isInteger(number) || number < 0 || number > 0xffff) {
    throw new RangeError(
      `protocol must be an EtherType or one of ${Object.keys(protocols).join(', ')}: ${protocol}`,
    );
  }
  return number;
}

type Kinds = 'QDISC' | 'TCLASS' | 'TFILTER';
const bodies = { QDISC: qdiscBody, TCLASS: classBody, TFILTER: filterBody } as const;

/** What the three have in common. */
class Traffic {
  protected readonly context: Context;
  readonly #kind: Kinds;

  constructor(context: Context, kind: Kinds) {
    this.context = context;
    this.#kind = kind;
  }

  protected send(verb: 'NEW' | 'DEL', flags: number, options: Place & { kind?: string }): void {
    const given = options as Place & {
      kind?: string;
      options?: object;
      pref?: number;
      protocol?: string | number;
      chain?: number;
    };
    const own = { ingress: ['ffff:', 'clsact'], clsact: ['ffff:', 'clsact'] }[given.kind ?? ''];
    const parent =
      given.parent ?? (given.kind === 'ingress' ? 'ingressQdisc' : (own?.[1] ?? 'root'));
    const isFilter = this.#kind === 'TFILTER';
    const body = bodies[this.#kind].encode(
      {
        ifindex: this.context.index(given.dev),
        handle: handleOf(given.handle ?? own?.[0]),
        parent: parent === 'ingressQdisc' ? INGRESS_QDISC : parseHandle(parent, 'parent'),
        info: isFilter
          ? (((given.pref ?? 0) << 16) | swap(protocolNumber(given.protocol ?? 'all'))) >>> 0
          : 0,
      },
      { kind: given.kind, options: given.options, chain: given.chain },
    );
    this.context.send(`${verb}${this.#kind}`, flags, body, bodies[this.#kind], options);
  }

  protected dump<T>(
    dev: Device | undefined,
    parent: string | undefined,
    convert: (values: Values, names: ReadonlyMap<number, string>) => T,
  ): T[] {
    const body = bodies[this.#kind];
    const ifindex = dev === undefined ? 0 : this.context.index(dev);
    const header = { ifindex, parent: parent === undefined ? 0 : parseHandle(parent, 'parent') };
    const names = this.context.names();
    return this.context.socket
      .dump(
        request(`GET${this.#kind}`, 0, body.encode(header, {}), body, { dev, parent }),
        (bytes, start, end) => body.decode(bytes, start, end),
      )
      .filter((values) => ifindex === 0 || values.ifindex === ifindex)
      .map((values) => convert(values, names));
  }
}

/** TC_H_INGRESS, which is also where clsact hangs. */
const INGRESS_QDISC = 0xffff_fff1;

const handleOf = (handle: string | undefined) =>
  handle === undefined ? 0 : parseHandle(handle, 'handle');

/** `tc qdisc` */
export class Qdiscs extends Traffic {
  /** @internal */
  constructor(context: Context) {
    super(context, 'QDISC');
  }

  /** `tc -s -j qdisc show` */
  list({ dev }: { dev?: Device } = {}): TrafficItem[] {
    return this.dump(dev, undefined, toItem);
  }

  /**
   * `tc qdisc add`
   *
   * @throws {NetlinkError} EEXIST, ENOENT for a kind that the kernel lacks
   * @example route.qdisc.add({ dev: 'eth0', kind: 'tbf', options: { rate: '10mbit', burst: '32kb' } });
   */
  add(options: NewQdisc): void {
    this.send('NEW', creation.add, options);
  }

  /** `tc qdisc replace` */
  replace(options: NewQdisc): void {
    this.send('NEW', creation.replace, options);
  }

  /** `tc qdisc change` */
  change(options: NewQdisc): void {
    this.send('NEW', 0, options);
  }

  /** `tc qdisc delete` */
  delete(options: Place & { kind?: NewQdisc['kind'] }): void {
    this.send('DEL', 0, options);
  }
}

/** `tc class` */
export class TrafficClasses extends Traffic {
  /** @internal */
  constructor(context: Context) {
    super(context, 'TCLASS');
  }

  /** `tc -s -j class show dev NAME` */
  list({ dev }: { dev: Device }): TrafficItem[] {
    return this.dump(dev, undefined, toItem);
  }

  /** `tc class add` */
  add(options: NewClass): void {
    this.send('NEW', creation.add, options);
  }

  /** `tc class change` */
  change(options: NewClass): void {
    this.send('NEW', 0, options);
  }

  /** `tc class delete` */
  delete(options: { dev: Device; handle: string; parent?: string }): void {
    this.send('DEL', 0, options);
  }
}

/** `tc filter` */
export class Filters extends Traffic {
  /** @internal */
  constructor(context: Context) {
    super(context, 'TFILTER');
  }

  /** `tc -s -j filter show dev NAME`, of one qdisc or class. Default: root. */
  list({ dev, parent = 'root' }: { dev: Device; parent?: string }): Filter[] {
    return this.dump(dev, parent === 'root' ? 'none' : parent, (values, names) => {
      const protocol = swap(values.info & 0xffff);
      return {
        ...toItem(values, names),
        pref: values.info >>> 16,
        protocol: protocolNames.get(protocol) ?? protocol,
        chain: values.chain ?? 0,
      };
    });
  }

  /**
   * `tc filter add`
   *
   * @example
   * route.filter.add({ dev: 'eth0', parent: 'ingress', kind: 'matchall',
   *   options: { actions: [{ kind: 'police', options: { rate: '1mbit', burst: '10kb' } }] } });
   */
  add(options: NewFilter): void {
    this.send('NEW', creation.add, options);
  }

  /** `tc filter replace` */
  replace(options: NewFilter): void {
    this.send('NEW', creation.replace, options);
  }

  /** `tc filter delete`; without `pref`, all filters of the place. */
  delete(
    options: Place & {
      kind?: NewFilter['kind'];
      pref?: number;
      protocol?: string | number;
      chain?: number;
    },
  ): void {
    const all = options.pref === undefined && options.protocol === undefined;
    this.send('DEL', 0, all ? ({ ...options, protocol: 0 } as typeof options) : options);
  }
}
