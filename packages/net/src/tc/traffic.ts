// Shared by qdiscs, classes and filters: their place, their rows, and their requests.
import { type Members, type Parsed, type Parser, parse } from '@ns/core/authors';
import type { RawAttribute } from '../netlink/attributes.js';
import { bytes, type Codec } from '../netlink/codec.js';
import { NLM_F } from '../netlink/message.js';
import { type Device, device } from '../rtnetlink/device.js';
import {
  type Context,
  defined,
  leftovers,
  type Question,
  request,
} from '../rtnetlink/request-context.js';
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
  /** Parent: `root`, `1:`, `ingress`, ... */
  readonly parent: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly stats?: TrafficStats;
  readonly unknown?: readonly RawAttribute[];
  readonly malformed?: readonly RawAttribute[];
}

/** The place of a qdisc, class or filter. */
export interface TrafficPlace {
  dev: Device;
  /** `1:`, `1:10`. Default: the kernel chooses. */
  handle?: string | undefined;
  /** Default: root. */
  parent?: string | undefined;
}

/** The parsers of a place. */
export const placeMembers = {
  dev: parse.required(device),
  handle: parseHandle,
  parent: parseHandle,
} satisfies Members<TrafficPlace>;

/** Returns the parser of the options of a kind; its normal form is the attribute's bytes. */
export function optionsOfKind(
  kinds: Readonly<Record<string, Codec<unknown>>>,
  kind: string | undefined,
): Parser<Uint8Array> {
  const codec = kind !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : bytes;
  return (value, name) => (codec as Codec<unknown>).encode(value, name, {});
}

/** Returns the parser of a place with a kind and the options of that kind. */
export function withKind<const Extra extends Readonly<Record<string, Parser<unknown>>>>(
  kinds: Readonly<Record<string, Codec<unknown>>>,
  extra: Extra,
) {
  const parserOf = (kind: string | undefined) =>
    parse.options({
      ...placeMembers,
      kind: parse.text,
      options: optionsOfKind(kinds, kind),
      ...extra,
    });
  const parsers = new Map(
    [undefined, ...Object.keys(kinds)].map((kind) => [kind, parserOf(kind)] as const),
  );
  return (value: unknown, name: string) => {
    const { kind } = parse.ownMembers(value, name);
    const known = kind === undefined ? undefined : parse.text(kind, `${name}.kind`);
    return (parsers.get(known) ?? parserOf(known))(value, name);
  };
}

/** Content of a message, in its normal form. */
export interface TrafficContent extends Parsed<typeof placeMembers> {
  readonly kind?: string | undefined;
  readonly options?: Uint8Array | undefined;
  readonly chain?: number | undefined;
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

/** Converts a decoded message to a row. */
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

const ROOT = 0xffff_ffff;

const bodies = { QDISC: qdiscBody, TCLASS: classBody, TFILTER: filterBody } as const;

/** Converts a decoded message to a row of a family. */
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

  #body(content: TrafficContent, info: number): Uint8Array {
    const { dev, handle = 0, parent = ROOT, kind, options, chain } = content;
    return bodies[this.#kind].encode(
      {
        ifindex: this.context.index(dev),
        handle,
        parent,
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

  /** Returns the question for the table of an interface; without an interface, of all. */
  protected table(dev: Device | undefined, parent = 0): Question<T> {
    const ifindex = dev === undefined ? 0 : this.context.index(dev);
    const header = { ifindex, parent };
    const body = bodies[this.#kind].encode(header, {});
    return this.#question(
      0,
      body,
      { dev, parent: formatHandle(parent) },
      (values) => ifindex === 0 || values.ifindex === ifindex,
    );
  }

  /** Returns the row at a place. `info` is that of struct tcmsg, `about` what the caller has written. */
  protected at(place: TrafficContent, about: object, info = 0): T {
    const body = this.#body(place, info);
    return this.context.one(this.#question(NLM_F.ECHO, body, about, () => true));
  }

  /** Sends a request that creates, changes or removes. */
  protected send(
    verb: 'NEW' | 'DEL',
    flags: number,
    content: TrafficContent,
    about: object,
    info = 0,
  ): void {
    const body = this.#body(content, info);
    this.context.send(`${verb}${this.#kind}`, flags, body, bodies[this.#kind], about);
  }
}
