// Queueing disciplines: `tc qdisc`.
import { type Members, parse } from '@ns/core/authors';
import type { ValuesOf } from '../netlink/attributes.js';
import { type Device, device } from '../rtnetlink/device.js';
import { type Context, creation } from '../rtnetlink/request-context.js';
import type { NetemOptions } from './netem.js';
import type { fqCodel, HtbOptions, TbfOptions } from './qdisc-kinds.js';
import { qdiscKinds } from './table.js';
import { Traffic, type TrafficItem, type TrafficPlace, toItem, withKind } from './traffic.js';
import { parseHandle } from './units.js';

/** A qdisc to be added. */
export type NewQdisc = TrafficPlace &
  (
    | { kind: 'tbf'; options: TbfOptions }
    | { kind: 'htb'; options?: HtbOptions | undefined }
    | { kind: 'fq_codel'; options?: ValuesOf<typeof fqCodel.entries> | undefined }
    | { kind: 'netem'; options: NetemOptions }
    /** For incoming packets. Filters have the parent `ffff:`. */
    | { kind: 'ingress' }
    /** For incoming and outgoing packets. Filters have the parents `ingress` and `egress`. */
    | { kind: 'clsact' }
  );

/** The place of an existing qdisc: its parent or its handle. */
export type QdiscPlace = TrafficPlace & { kind?: NewQdisc['kind'] | undefined };

/** Limits the qdiscs that are listed. */
export interface QdiscFilter {
  /** Only those of this interface. */
  dev?: Device | undefined;
}

const parseKind = withKind(qdiscKinds, {});
const parseFilter = parse.options({ dev: device } satisfies Members<QdiscFilter>);

const INGRESS_HANDLE = parseHandle('ffff:', 'handle');
const INGRESS_PARENT = parseHandle('clsact', 'parent');

/** Returns the normal form of a qdisc. The kinds ingress and clsact have a place of their own. */
function parseQdisc(value: unknown) {
  const options = parseKind(value, 'qdisc');
  const { kind, handle = INGRESS_HANDLE, parent = INGRESS_PARENT } = options;
  return kind === 'ingress' || kind === 'clsact' ? { ...options, handle, parent } : options;
}

/** `tc qdisc` */
export class Qdiscs extends Traffic<TrafficItem> {
  /** @internal */
  constructor(context: Context) {
    super(context, 'QDISC', toItem);
  }

  /** Lists qdiscs: `tc -s -j qdisc show`. */
  list(filter: QdiscFilter = {}): TrafficItem[] {
    const { dev } = parseFilter(filter, 'filter');
    return this.context.list(this.table(dev));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: QdiscFilter = {}): AsyncGenerator<TrafficItem, void, undefined> {
    const { dev } = parseFilter(filter, 'filter');
    return this.context.each(this.table(dev));
  }

  /**
   * Returns one qdisc: `tc -s -j qdisc show dev NAME root`, or at another place.
   *
   * @throws {NetlinkError} ENOENT if there is only the kernel's default
   */
  get(place: QdiscPlace): TrafficItem {
    return this.at(parseQdisc(place), place);
  }

  /**
   * `tc qdisc add`
   *
   * @throws {NetlinkError} EEXIST, ENOENT for a kind that the kernel lacks
   * @example rtnetlink.qdiscs.add({ dev: 'eth0', kind: 'tbf', options: { rate: '10mbit', burst: '32kb' } });
   */
  add(options: NewQdisc): void {
    this.send('NEW', creation.add, parseQdisc(options), options);
  }

  /** `tc qdisc replace` */
  replace(options: NewQdisc): void {
    this.send('NEW', creation.replace, parseQdisc(options), options);
  }

  /** `tc qdisc change` */
  change(options: NewQdisc): void {
    this.send('NEW', 0, parseQdisc(options), options);
  }

  /** `tc qdisc delete` */
  remove(options: QdiscPlace): void {
    this.send('DEL', 0, parseQdisc(options), options);
  }
}
