// Filters, which choose a class or act on packets: `tc filter`.
import { type Members, type Parser, parse } from '@ns/core/authors';
import type { ValuesOf } from '../netlink/attributes.js';
import { encodable, u16, u32 } from '../netlink/codec.js';
import { type Device, device } from '../rtnetlink/device.js';
import { type Context, creation } from '../rtnetlink/request-context.js';
import type { FilterAction, flower, matchall, U32Key, u32Filter } from './filter-kinds.js';
import { filterKinds } from './table.js';
import {
  placeMembers,
  Traffic,
  type TrafficItem,
  type TrafficPlace,
  toItem,
  withKind,
} from './traffic.js';
import { parseHandle } from './units.js';

/** A filter. */
export interface Filter extends TrafficItem {
  readonly pref: number;
  /** EtherType. */
  readonly protocol: string | number;
  readonly chain: number;
}

const protocols: Readonly<Record<string, number>> = Object.freeze({
  all: 3,
  ip: 0x0800,
  arp: 0x0806,
  '802.1Q': 0x8100,
  ipv6: 0x86dd,
});
const protocolNames = new Map(Object.entries(protocols).map(([name, number]) => [number, name]));

/** The place of a filter. */
export interface FilterPlace extends TrafficPlace {
  /** The lowest comes first. Default when adding: the kernel chooses. */
  pref?: number | undefined;
  /** Default when adding: all. */
  protocol?: 'all' | 'ip' | 'arp' | '802.1Q' | 'ipv6' | number | undefined;
  chain?: number | undefined;
}

type FilterOptions<E extends typeof matchall | typeof flower | typeof u32Filter> = Omit<
  ValuesOf<E['entries']>,
  'actions' | 'match'
> & { actions?: FilterAction[] | undefined };

/** A filter to be added. */
export type NewFilter = FilterPlace &
  (
    | { kind: 'matchall'; options: FilterOptions<typeof matchall> }
    | { kind: 'flower'; options: FilterOptions<typeof flower> }
    | { kind: 'u32'; options: FilterOptions<typeof u32Filter> & { match: U32Key[] } }
  );

/** Names filters that are there. */
export type FilterChoice = FilterPlace & { kind?: NewFilter['kind'] | undefined };

/** Names one filter. */
export type OneFilter = FilterPlace & { handle: string; pref: number; kind: NewFilter['kind'] };

const swap = (word: number) => ((word & 0xff) << 8) | (word >>> 8);

/** The parser of an EtherType; its normal form is the number. */
const etherType: Parser<number> = (value, name) => {
  if (typeof value === 'number') return parse.integer(0, 0xffff)(value, name);
  if (typeof value === 'string' && Object.hasOwn(protocols, value)) {
    return protocols[value] as number;
  }
  const names = Object.keys(protocols).join(', ');
  return parse.refuse(name, `an EtherType or one of ${names}`, value);
};

/** Returns tcm_info: preference and EtherType. */
function infoOf(options: {
  readonly pref?: number | undefined;
  readonly protocol?: number | undefined;
}): number {
  const { pref = 0, protocol = protocols.all as number } = options;
  return ((pref << 16) | swap(protocol)) >>> 0;
}

/** Limits the filters that are listed. */
export interface FilterFilter {
  dev: Device;
  /** Parent, a qdisc or class: `root`, `1:`, `ingress`, `egress`. Default: root. */
  parent?: string | undefined;
}

const filterMembers = {
  pref: encodable(u16),
  protocol: etherType,
  chain: encodable(u32),
};

const parseNew = withKind(filterKinds, filterMembers);

const parsePlace = parse.options({
  ...placeMembers,
  ...filterMembers,
  kind: parse.text,
} satisfies Members<FilterChoice>);

const ROOT = parseHandle('root', 'parent');

const parseFilter = parse.options({
  dev: parse.required(device),
  parent: parse.withDefault(parseHandle, ROOT),
} satisfies Members<FilterFilter>);

/** `tc filter` */
export class Filters extends Traffic<Filter> {
  /** @internal */
  constructor(context: Context) {
    super(context, 'TFILTER', (values, names) => {
      const protocol = swap(values.info & 0xffff);
      return {
        ...toItem(values, names),
        pref: values.info >>> 16,
        protocol: protocolNames.get(protocol) ?? protocol,
        chain: values.chain ?? 0,
      };
    });
  }

  /** Lists the filters of one qdisc or class: `tc -s -j filter show dev NAME`. */
  list(filter: FilterFilter): Filter[] {
    const { dev, parent } = parseFilter(filter, 'filter');
    return this.context.list(this.table(dev, parent === ROOT ? 0 : parent));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: FilterFilter): AsyncGenerator<Filter, void, undefined> {
    const { dev, parent } = parseFilter(filter, 'filter');
    return this.context.each(this.table(dev, parent === ROOT ? 0 : parent));
  }

  /**
   * Returns one filter: `tc -s -j filter get`. The kernel demands handle, preference and kind.
   *
   * @throws {NetlinkError} ENOENT if there is none
   * @example rtnetlink.filters.get({ dev: 'eth0', parent: 'ingress', kind: 'matchall', pref: 10, handle: '0:1' });
   */
  get(choice: OneFilter): Filter {
    const one = parsePlace(choice, 'filter');
    return this.at(one, choice, infoOf(one));
  }

  /**
   * `tc filter add`
   *
   * @example
   * rtnetlink.filters.add({ dev: 'eth0', parent: 'ingress', kind: 'matchall',
   *   options: { actions: [{ kind: 'police', options: { rate: '1mbit', burst: '10kb' } }] } });
   */
  add(options: NewFilter): void {
    const filter = parseNew(options, 'filter');
    this.send('NEW', creation.add, filter, options, infoOf(filter));
  }

  /** `tc filter replace` */
  replace(options: NewFilter): void {
    const filter = parseNew(options, 'filter');
    this.send('NEW', creation.replace, filter, options, infoOf(filter));
  }

  /** `tc filter change`: the filter is there, and named by its handle and preference. */
  change(options: NewFilter): void {
    const filter = parseNew(options, 'filter');
    this.send('NEW', 0, filter, options, infoOf(filter));
  }

  /** `tc filter delete`; without `pref`, all filters of the place. */
  remove(options: FilterChoice): void {
    const choice = parsePlace(options, 'filter');
    const all = choice.pref === undefined && choice.protocol === undefined;
    this.send('DEL', 0, choice, options, all ? 0 : infoOf(choice));
  }
}
