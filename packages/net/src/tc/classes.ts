// Classes of queueing disciplines: `tc class`.
import { type Members, parse } from '@ns/core/authors';
import { type Device, device } from '../rtnetlink/device.js';
import { type Context, creation } from '../rtnetlink/request-context.js';
import type { HtbClassOptions } from './qdisc-kinds.js';
import { classKinds } from './table.js';
import {
  placeMembers,
  Traffic,
  type TrafficItem,
  type TrafficPlace,
  toItem,
  withKind,
} from './traffic.js';
import { parseHandle } from './units.js';

/** A class to be added. */
export type NewClass = TrafficPlace & { kind: 'htb'; options: HtbClassOptions };

/** Names a class that is there. */
export interface ClassPlace {
  dev: Device;
  /** `1:10` */
  handle: string;
  parent?: string | undefined;
}

/** Limits the classes that are listed. */
export interface ClassFilter {
  dev: Device;
}

const parsePlace = parse.options({
  ...placeMembers,
  handle: parse.required(parseHandle),
} satisfies Members<ClassPlace>);

const parseNew = withKind(classKinds, {});

const parseFilter = parse.options({
  dev: parse.required(device),
} satisfies Members<ClassFilter>);

/** `tc class` */
export class TrafficClasses extends Traffic<TrafficItem> {
  /** @internal */
  constructor(context: Context) {
    super(context, 'TCLASS', toItem);
  }

  /** Lists classes: `tc -s -j class show dev NAME`. */
  list(filter: ClassFilter): TrafficItem[] {
    const { dev } = parseFilter(filter, 'filter');
    return this.context.list(this.table(dev));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: ClassFilter): AsyncGenerator<TrafficItem, void, undefined> {
    const { dev } = parseFilter(filter, 'filter');
    return this.context.each(this.table(dev));
  }

  /**
   * Returns one class: `tc -s -j class show dev NAME classid 1:10`.
   *
   * @throws {NetlinkError} ENOENT if there is none
   */
  get(place: ClassPlace): TrafficItem {
    const options = parsePlace(place, 'class');
    return this.at({ ...options, parent: options.parent ?? 0 }, place);
  }

  /** `tc class add` */
  add(options: NewClass): void {
    this.send('NEW', creation.add, parseNew(options, 'class'), options);
  }

  /** `tc class replace` */
  replace(options: NewClass): void {
    this.send('NEW', creation.replace, parseNew(options, 'class'), options);
  }

  /** `tc class change` */
  change(options: NewClass): void {
    this.send('NEW', 0, parseNew(options, 'class'), options);
  }

  /** `tc class delete` */
  remove(options: ClassPlace): void {
    this.send('DEL', 0, parsePlace(options, 'class'), options);
  }
}
