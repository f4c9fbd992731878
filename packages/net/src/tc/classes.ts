// Classes of queueing disciplines: `tc class`.
import { checked } from '../options.js';
import { type Context, creation, type Device } from '../route/request-context.js';
import type { HtbClassOptions } from './qdisc-kinds.js';
import { type Place, Traffic, type TrafficItem, toItem } from './traffic.js';

/** A class to be added. */
export type NewClass = Place & { kind: 'htb'; options: HtbClassOptions };

/** Names a class that is there. */
export interface ClassPlace {
  dev: Device;
  /** `1:10` */
  handle: string;
  parent?: string;
}

const placeKeys = ['dev', 'handle', 'parent'];
const keys = [...placeKeys, 'kind', 'options'];

/** `tc class` */
export class TrafficClasses extends Traffic<TrafficItem> {
  /** @internal */
  constructor(context: Context) {
    super(context, 'TCLASS', toItem);
  }

  /** `tc -s -j class show dev NAME` */
  list(filter: { dev: Device }): TrafficItem[] {
    const { dev } = checked(filter, ['dev'], 'filter');
    return this.context.list(this.table(dev, 'none'));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: { dev: Device }): AsyncGenerator<TrafficItem, void, undefined> {
    const { dev } = checked(filter, ['dev'], 'filter');
    return this.context.each(this.table(dev, 'none'));
  }

  /**
   * One class: `tc -s -j class show dev NAME classid 1:10`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   */
  get(place: ClassPlace): TrafficItem {
    return this.at({ parent: 'none', ...checked(place, placeKeys, 'class') });
  }

  /** `tc class add` */
  add(options: NewClass): void {
    this.send('NEW', creation.add, checked(options, keys, 'class'));
  }

  /** `tc class replace` */
  replace(options: NewClass): void {
    this.send('NEW', creation.replace, checked(options, keys, 'class'));
  }

  /** `tc class change` */
  change(options: NewClass): void {
    this.send('NEW', 0, checked(options, keys, 'class'));
  }

  /** `tc class delete` */
  delete(options: ClassPlace): void {
    this.send('DEL', 0, checked(options, placeKeys, 'class'));
  }
}
