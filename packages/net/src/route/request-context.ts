// What the families of rtnetlink share: the socket, and names of interfaces.
import type { RawAttribute } from '../netlink/attributes.js';
import { type Decoder, dump, dumpInPieces } from '../netlink/dump.js';
import { NetlinkError } from '../netlink/error.js';
import { type Locator, NLM_F, type Request } from '../netlink/message.js';
import { NetlinkSocket } from '../netlink/socket.js';
import type { NetTarget } from '../open-net.js';
import { IFNAME_MAX, linkBody } from './link-table.js';
import { RTM } from './message-types.js';

const NETLINK_ROUTE = 0;
const EPROTO = 71;
/** RTEXT_FILTER_SKIP_STATS: no statistics, which are most of a link's answer. */
const SKIP_STATS = 8;

/** An interface: its name (also an alternative one) or its index. */
export type Device = string | number;

/** Whether something made must be new, replaces what is there, or is added to it. */
export const creation = Object.freeze({
  add: NLM_F.CREATE | NLM_F.EXCL,
  replace: NLM_F.CREATE | NLM_F.REPLACE,
  append: NLM_F.CREATE | NLM_F.APPEND,
  change: NLM_F.REPLACE,
});

/** Throws unless the value can name an interface. */
export function assertDevice(device: unknown, name: string): asserts device is Device {
  if (typeof device === 'number') {
    if (Number.isInteger(device) && device > 0 && device < 2 ** 31) return;
    throw new RangeError(`${name} must be the index of an interface: ${device}`);
  }
  if (typeof device !== 'string') {
    throw new TypeError(`${name} must be the name or the index of an interface: ${String(device)}`);
  }
  if (device === '' || device.length > 127 || /[\s/\0]/.test(device)) {
    throw new TypeError(`${name} must be the name of an interface: ${JSON.stringify(device)}`);
  }
}

/** What decoding left over, to be passed on beside the decoded values. */
export function leftovers(values: { unknown?: RawAttribute[]; malformed?: RawAttribute[] }) {
  const { unknown, malformed } = values;
  return { ...(unknown && { unknown }), ...(malformed && { malformed }) };
}

/** Without the members that are undefined. (To delete them would make the object slow.) */
export function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const record = values as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(record)) if (record[key] !== undefined) result[key] = record[key];
  return result as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** What is asked for, and how an answer is read. */
export interface Question<T> {
  readonly request: Request;
  readonly decode: Decoder<T>;
}

/** The attribute that names an interface. */
export const byName = (name: string) =>
  name.length > IFNAME_MAX ? { altname: name } : { ifname: name };

/** Of links, only what they are called. */
const nameBody = linkBody.reading('ifname');

/** The socket of a {@link Route}, with interface names. */
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

  /** The one answer to a question. */
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

  /** A whole table. */
  list<T>({ request: asked, decode }: Question<T>): T[] {
    return dump(this.socket, asked, decode);
  }

  /** The same in pieces, over a socket of its own: the event loop goes on in between. */
  async *each<T>({ request: asked, decode }: Question<T>): AsyncGenerator<T, void, undefined> {
    const socket = this.another();
    try {
      yield* dumpInPieces(socket, asked, decode);
    } finally {
      socket.close();
    }
  }

  /** Index of an interface. */
  index(device: Device, name = 'dev'): number {
    assertDevice(device, name);
    if (typeof device === 'number') return device;
    const body = linkBody.encode({}, { ...byName(device), extMask: SKIP_STATS });
    return this.one({
      request: request('GETLINK', 0, body, linkBody, { [name]: device }),
      decode: (bytes, start, end) => linkBody.header.decode(bytes, start, end)?.index,
    });
  }

  /** Names of all interfaces by their index. */
  names(): ReadonlyMap<number, string> {
    const body = linkBody.encode({}, { extMask: SKIP_STATS });
    const links = this.list({
      request: request('GETLINK', 0, body, linkBody, {}),
      decode: (bytes, start, end) => nameBody.decode(bytes, start, end),
    });
    return new Map(links.map(({ index, ifname = '' }) => [index, ifname]));
  }
}

/** A request of rtnetlink. */
export function request(
  type: keyof typeof RTM,
  flags: number,
  body: Uint8Array,
  locator: Locator,
  about: object,
): Request {
  return { type: RTM[type], name: `RTM_${type}`, flags, body, locator, about };
}
