// What the families of rtnetlink share: the socket, and names of interfaces.
import type { RawAttribute } from '../netlink/attributes.js';
import { NetlinkError } from '../netlink/error.js';
import { type Locator, NLM_F, type Request } from '../netlink/message.js';
import { NetlinkSocket } from '../netlink/socket.js';
import type { NetTarget } from '../where.js';
import { IFNAME_MAX, linkBody } from './link-table.js';
import { RTM } from './rtm.js';

const NETLINK_ROUTE = 0;
const ENODEV = 19;
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
  for (const key in record) if (record[key] !== undefined) result[key] = record[key];
  return result as { [K in keyof T]: Exclude<T[K], undefined> };
}

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

  /** Index of an interface. */
  index(device: Device, name = 'dev'): number {
    assertDevice(device, name);
    if (typeof device === 'number') return device;
    const key = device.length > IFNAME_MAX ? { altname: device } : { ifname: device };
    const body = linkBody.encode({}, { ...key, extMask: SKIP_STATS });
    let index = 0;
    this.socket.request(
      request('GETLINK', 0, body, linkBody, { [name]: device }),
      (bytes, start, end) => {
        index = linkBody.header.decode(bytes, start, end)?.index ?? 0;
      },
    );
    if (index === 0) throw new NetlinkError(ENODEV, 'RTM_GETLINK', { [name]: device });
    return index;
  }

  /** Names of all interfaces by their index. */
  names(): ReadonlyMap<number, string> {
    const body = linkBody.encode({}, { extMask: SKIP_STATS });
    const names = new Map<number, string>();
    for (const { index, ifname } of this.socket.dump(
      request('GETLINK', 0, body, linkBody, {}),
      (bytes, start, end) => linkBody.decode(bytes, start, end),
    )) {
      if (ifname !== undefined) names.set(index, ifname);
    }
    return names;
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
