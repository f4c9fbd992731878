// Shared by the families of rtnetlink: the socket, requests and names of interfaces.

import type { NetTarget } from '../in-net.js';
import type { RawAttribute } from '../netlink/attributes.js';
import { type Decoder, dump, dumpInPieces } from '../netlink/dump.js';
import { NetlinkError } from '../netlink/error.js';
import { type Locator, NLM_F, type Request } from '../netlink/message.js';
import { NetlinkSocket } from '../netlink/socket.js';
import { type Device, IFNAME_MAX } from './device.js';
import { linkBody } from './link-table.js';
import { RTM } from './message-types.js';

const NETLINK_ROUTE = 0;
const EPROTO = 71;
/** RTEXT_FILTER_SKIP_STATS: no statistics, which are most of a link's answer. */
const SKIP_STATS = 8;

/** Flags by which a request creates, replaces or appends. */
export const creation = Object.freeze({
  add: NLM_F.CREATE | NLM_F.EXCL,
  replace: NLM_F.CREATE | NLM_F.REPLACE,
  append: NLM_F.CREATE | NLM_F.APPEND,
  change: NLM_F.REPLACE,
});

/** Returns the attributes that decoding left over, to be passed on beside the decoded values. */
export function leftovers(values: { unknown?: RawAttribute[]; malformed?: RawAttribute[] }) {
  const { unknown, malformed } = values;
  return { ...(unknown && { unknown }), ...(malformed && { malformed }) };
}

/** Returns a copy without the members that are undefined. (To delete them would make the object slow.) */
export function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const record = values as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(record)) if (record[key] !== undefined) result[key] = record[key];
  return result as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** A request, and the decoder of its answer. */
export interface Question<T> {
  readonly request: Request;
  readonly decode: Decoder<T>;
  /** Returns true for an error of the kernel that means an empty table. */
  readonly isEmpty?: (error: unknown) => boolean;
}

/** Returns the attribute that names an interface. */
export const byName = (name: string) =>
  name.length > IFNAME_MAX ? { altname: name } : { ifname: name };

/** Links, of which only the names are read. */
const nameBody = linkBody.reading('ifname');

/** The socket of a {@link Rtnetlink}, with interface names. */
export class Context {
  readonly socket: NetlinkSocket;
  /** Opens another socket in the same namespace. Default: of rtnetlink. */
  readonly another: (protocol?: number) => NetlinkSocket;

  constructor(target: NetTarget | undefined, another: (protocol: number) => NetlinkSocket) {
    this.socket = new NetlinkSocket(NETLINK_ROUTE, { in: target });
    this.another = (protocol = NETLINK_ROUTE) => another(protocol);
  }

  /** Sends a request that is only acknowledged. */
  send(
    type: keyof typeof RTM,
    flags: number,
    body: Uint8Array,
    locator: Locator,
    about: object,
  ): void {
    this.socket.request(request(type, flags, body, locator, about));
  }

  /** Returns the one answer to a question. */
  one<T>({ request: asked, decode }: Question<T>): T {
    let answer: T | null | undefined;
    this.socket.request(asked, (...message) => {
      answer = decode(...message);
    });
    if (answer === undefined || answer === null) {
      throw new NetlinkError(EPROTO, asked.name, asked.about);
    }
    return answer;
  }

  /** Returns a whole table. */
  list<T>({ request: asked, decode, isEmpty }: Question<T>): T[] {
    try {
      return dump(this.socket, asked, decode);
    } catch (error) {
      if (isEmpty?.(error)) return [];
      throw error;
    }
  }

  /** Yields a whole table in pieces, over another socket: the event loop goes on in between. */
  async *each<T>({
    request: asked,
    decode,
    isEmpty,
  }: Question<T>): AsyncGenerator<T, void, undefined> {
    const socket = this.another();
    try {
      yield* dumpInPieces(socket, asked, decode);
    } catch (error) {
      if (!isEmpty?.(error)) throw error;
    } finally {
      socket.close();
    }
  }

  /** Returns the index of an interface. */
  index(device: Device, name = 'dev'): number {
    if (typeof device === 'number') return device;
    const body = linkBody.encode({}, { ...byName(device), extMask: SKIP_STATS });
    return this.one({
      request: request('GETLINK', 0, body, linkBody, { [name]: device }),
      decode: (bytes, start, end) => linkBody.header.decode(bytes, start, end)?.index,
    });
  }

  /** Returns the names of all interfaces by their index. */
  names(): ReadonlyMap<number, string> {
    const body = linkBody.encode({}, { extMask: SKIP_STATS });
    const links = this.list({
      request: request('GETLINK', 0, body, linkBody, {}),
      decode: (bytes, start, end) => nameBody.decode(bytes, start, end),
    });
    return new Map(links.map(({ index, ifname = '' }) => [index, ifname]));
  }
}

/** Returns a request of rtnetlink. */
export function request(
  type: keyof typeof RTM,
  flags: number,
  body: Uint8Array,
  locator: Locator,
  about: object,
): Request {
  return { type: RTM[type], name: `RTM_${type}`, flags, body, locator, about };
}
