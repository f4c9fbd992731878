// Queueing disciplines: `tc qdisc`.
import type { ValuesOf } from '../netlink/attributes.js';
import { checked } from '../options.js';
import { type Context, creation, type Device } from '../route/request-context.js';
import type { NetemOptions } from './netem.js';
import type { fqCodel, HtbOptions, TbfOptions } from './qdisc-kinds.js';
import { type Place, Traffic, type TrafficItem, toItem } from './traffic.js';

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

/** Names a qdisc that is there: by where it hangs, or by its handle. */
export type QdiscPlace = Place & { kind?: NewQdisc['kind'] };

/** Checks options. These two kinds hang where no other can. */
function placed<P extends QdiscPlace>(given: P): P {
  const options = checked(given, ['dev', 'handle', 'parent', 'kind', 'options'], 'qdisc');
  if (options.kind !== 'ingress' && options.kind !== 'clsact') return options;
  return { handle: 'ffff:', parent: 'clsact', ...options };
}

/** `tc qdisc` */
export class Qdiscs extends Traffic<TrafficItem> {
  /** @internal */
  constructor(context: Context) {
    super(context, 'QDISC', toItem);
  }

  /** `tc -s -j qdisc show` */
  list(filter: { dev?: Device } = {}): TrafficItem[] {
    const { dev } = checked(filter, ['dev'], 'filter');
    return this.context.list(this.table(dev, 'none'));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: { dev?: Device } = {}): AsyncGenerator<TrafficItem, void, undefined> {
    const { dev } = checked(filter, ['dev'], 'filter');
    return this.context.each(this.table(dev, 'none'));
  }

  /**
   * One qdisc: `tc -s -j qdisc show dev NAME root`, or at another place.
   *
   * @throws {NetlinkError} ENOENT if there is none but the kernel's own
   */
  get(place: QdiscPlace): TrafficItem {
    return this.at(placed(place));
  }

  /**
   * `tc qdisc add`
   *
   * @throws {NetlinkError} EEXIST, ENOENT for a kind that the kernel lacks
   * @example route.qdisc.add({ dev: 'eth0', kind: 'tbf', options: { rate: '10mbit', burst: '32kb' } });
   */
  add(options: NewQdisc): void {
    this.send('NEW', creation.add, placed(options));
  }

  /** `tc qdisc replace` */
  replace(options: NewQdisc): void {
    this.send('NEW', creation.replace, placed(options));
  }

  /** `tc qdisc change` */
  change(options: NewQdisc): void {
    this.send('NEW', 0, placed(options));
  }

  /** `tc qdisc delete` */
  delete(options: QdiscPlace): void {
    this.send('DEL', 0, placed(options));
  }
}
