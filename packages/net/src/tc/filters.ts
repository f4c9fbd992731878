// Filters, which choose a class or act on packets: `tc filter`.
import type { ValuesOf } from '../netlink/attributes.js';
import { checked } from '../options.js';
import { type Context, creation, type Device } from '../route/request-context.js';
import type { FilterAction, flower, matchall, U32Key, u32Filter } from './filter-kinds.js';
import { type Place, Traffic, type TrafficItem, toItem } from './traffic.js';

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

/** Where a filter is. */
export interface FilterPlace extends Place {
  /** The lowest comes first. Default when adding: the kernel chooses. */
  pref?: number;
  /** Default when adding: all. */
  protocol?: 'all' | 'ip' | 'arp' | '802.1Q' | 'ipv6' | number;
  chain?: number;
}

type FilterOptions<E extends typeof matchall | typeof flower | typeof u32Filter> = Omit<
  ValuesOf<E['entries']>,
  'actions' | 'match'
> & { actions?: FilterAction[] };

/** A filter to be added. */
export type NewFilter = FilterPlace &
  (
    | { kind: 'matchall'; options: FilterOptions<typeof matchall> }
    | { kind: 'flower'; options: FilterOptions<typeof flower> }
    | { kind: 'u32'; options: FilterOptions<typeof u32Filter> & { match: U32Key[] } }
  );

/** Names filters that are there. */
export type FilterChoice = FilterPlace & { kind?: NewFilter['kind'] };

const swap = (word: number) => ((word & 0xff) << 8) | (word >>> 8);

/** tcm_info: preference and EtherType. */
function infoOf({ pref = 0, protocol = 'all' }: FilterPlace): number {
  const number = typeof protocol === 'number' ? protocol : protocols[protocol];
  if (number === undefined || !Number.isInteger(number) || number < 0 || number > 0xffff) {
    throw new RangeError(
      `protocol must be an EtherType or one of ${Object.keys(protocols).join(', ')}: ${protocol}`,
    );
  }
  if (!Number.isInteger(pref) || pref < 0 || pref > 0xffff) {
    throw new RangeError(`pref must be an integer from 0 to 65535: ${pref}`);
  }
  return ((pref << 16) | swap(number)) >>> 0;
}

/** Names the place of filters that are listed. */
export interface FilterFilter {
  dev: Device;
  /** The qdisc or class that they hang on: `root`, `1:`, `ingress`, `egress`. Default: root. */
  parent?: string;
}

const placeKeys = ['dev', 'handle', 'parent', 'pref', 'protocol', 'chain', 'kind'];
const keys = [...placeKeys, 'options'];

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

  /** `tc -s -j filter show dev NAME`, of one qdisc or class. */
  list(filter: FilterFilter): Filter[] {
    const { dev, parent = 'root' } = checked(filter, ['dev', 'parent'], 'filter');
    return this.context.list(this.table(dev, parent === 'root' ? 'none' : parent));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: FilterFilter): AsyncGenerator<Filter, void, undefined> {
    const { dev, parent = 'root' } = checked(filter, ['dev', 'parent'], 'filter');
    return this.context.each(this.table(dev, parent === 'root' ? 'none' : parent));
  }

  /**
   * One filter: `tc -s -j filter get`. The kernel wants all that tells it from others.
   *
   * @throws {NetlinkError} ENOENT if there is none
   * @example route.filter.get({ dev: 'eth0', parent: 'ingress', kind: 'matchall', pref: 10, handle: '0:1' });
   */
  get(choice: FilterChoice & { handle: string; pref: number; kind: NewFilter['kind'] }): Filter {
    const one = checked(choice, placeKeys, 'filter');
    return this.at(one, infoOf(one));
  }

  /**
   * `tc filter add`
   *
   * @example
   * route.filter.add({ dev: 'eth0', parent: 'ingress', kind: 'matchall',
   *   options: { actions: [{ kind: 'police', options: { rate: '1mbit', burst: '10kb' } }] } });
   */
  add(options: NewFilter): void {
    const filter = checked(options, keys, 'filter');
    this.send('NEW', creation.add, filter, infoOf(filter));
  }

  /** `tc filter replace` */
  replace(options: NewFilter): void {
    const filter = checked(options, keys, 'filter');
    this.send('NEW', creation.replace, filter, infoOf(filter));
  }

  /** `tc filter change`: the filter is there, and named by its handle and preference. */
  change(options: NewFilter): void {
    const filter = checked(options, keys, 'filter');
    this.send('NEW', 0, filter, infoOf(filter));
  }

  /** `tc filter delete`; without `pref`, all filters of the place. */
  delete(options: FilterChoice): void {
    const choice = checked(options, placeKeys, 'filter');
    const all = choice.pref === undefined && choice.protocol === undefined;
    this.send('DEL', 0, choice, all ? 0 : infoOf(choice));
  }
}
