// Classes of queueing disciplines: `tc class`.
import { type Context, creation, type Device } from '../route/context.js';
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

/** `tc class` */
export class TrafficClasses extends Traffic<TrafficItem> {
  /** @internal */
  constructor(context: Context) {
    super(context, 'TCLASS', toItem);
  }

  /** `tc -s -j class show dev NAME` */
  list({ dev }: { dev: Device }): TrafficItem[] {
    return this.context.list(this.table(dev, 'none'));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump({ dev }: { dev: Device }): AsyncGenerator<TrafficItem, void, undefined> {
    return this.context.each(this.table(dev, 'none'));
  }

  /**
   * One class: `tc -s -j class show dev NAME classid 1:10`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   */
  get(place: ClassPlace): TrafficItem {
    return this.at({ parent: 'none', ...place });
  }

  /** `tc class add` */
  add(options: NewClass): void {
    this.send('NEW', creation.add, options);
  }

  /** `tc class replace` */
  replace(options: NewClass): void {
    this.send('NEW', creation.replace, options);
  }

  /** `tc class change` */
  change(options: NewClass): void {
    this.send('NEW', 0, options);
  }

  /** `tc class delete` */
  delete(options: ClassPlace): void {
    this.send('DEL', 0, options);
  }
}
