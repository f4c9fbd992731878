// What qdiscs, classes and filters have in common.
import type { RawAttribute } from '../netlink/attributes.js';
import { NLM_F } from '../netlink/message.js';
import {
  type Context,
  type Device,
  defined,
  leftovers,
  type Question,
  request,
} from '../route/request-context.js';
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

/** Where something hangs. */
export interface Place {
  dev: Device;
  /** `1:`, `1:10`. Default: the kernel chooses. */
  handle?: string;
  /** Default: root. */
  parent?: string;
}

/** What a message says besides. */
interface Content extends Place {
  kind?: string | undefined;
  options?: object | undefined;
  chain?: number | undefined;
}

/** A decoded message. */
export type TrafficValues = NonNullable<ReturnType<typeof qdiscBody.decode>>;

function statsOf({ stats2 }: TrafficValues): TrafficStats | undefined {
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

/** A decoded message as a user sees it. */
export function toItem(values: TrafficValues, names: ReadonlyMap<number, string>): TrafficItem {
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

const bodies = { QDISC: qdiscBody, TCLASS: classBody, TFILTER: filterBody } as const;

const handleOf = (handle: string | undefined) =>
  handle === undefined ? 0 : parseHandle(handle, 'handle');

/** Reads an item of the kind that a class is for. */
type Convert<T> = (values: TrafficValues, names: ReadonlyMap<number, string>) => T;

/** Qdiscs, classes or filters of a namespace. */
export abstract class Traffic<T extends TrafficItem> {
  protected readonly context: Context;
  readonly #kind: keyof typeof bodies;
  readonly #convert: Convert<T>;

  constructor(context: Context, kind: keyof typeof bodies, convert: Convert<T>) {
    this.context = context;
    this.#kind = kind;
    this.#convert = convert;
  }

  #body(content: Content, info: number): Uint8Array {
    const { dev, handle, parent = 'root', kind, options, chain } = content;
    return bodies[this.#kind].encode(
      {
        ifindex: this.context.index(dev),
        handle: handleOf(handle),
        parent: parseHandle(parent, 'parent'),
        info,
      },
      { kind, options, chain },
    );
  }

  #question(
    flags: number,
    body: Uint8Array,
    about: object,
    wanted: (values: TrafficValues) => boolean,
  ): Question<T> {
    const names = this.context.names();
    const table = bodies[this.#kind];
    return {
      request: request(`GET${this.#kind}`, flags, body, table, about),
      decode: (bytes, start, end) => {
        const values = table.decode(bytes, start, end);
        if (values === undefined) return undefined;
        return wanted(values) ? this.#convert(values, names) : null;
      },
    };
  }

  /** The table of an interface or, without one, of all. */
  protected table(dev: Device | undefined, parent: string): Question<T> {
    const ifindex = dev === undefined ? 0 : this.context.index(dev);
    const header = { ifindex, parent: parseHandle(parent, 'parent') };
    const body = bodies[this.#kind].encode(header, {});
    return this.#question(
      0,
      body,
      { dev, parent },
      (values) => ifindex === 0 || values.ifindex === ifindex,
    );
  }

  /** The one at a place. `info` is that of struct tcmsg. */
  protected at(place: Content, info = 0): T {
    const body = this.#body(place, info);
    return this.context.one(this.#question(NLM_F.ECHO, body, place, () => true));
  }

  /** Sends what is to be made, changed or removed. */
  protected send(verb: 'NEW' | 'DEL', flags: number, content: Content, info = 0): void {
    const body = this.#body(content, info);
    this.context.send(`${verb}${this.#kind}`, flags, body, bodies[this.#kind], content);
  }
}
