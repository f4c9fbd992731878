// The sockets of a network namespace, as ss(8) shows them: sock_diag(7).
import { type Members, parse } from '@ns/core/authors';
import { type InNetOptions, inNet } from '../in-net.js';
import { formatIP } from '../netlink/addresses.js';
import { attributes } from '../netlink/attributes.js';
import { be16, bytes, type Codec, type Scalar, u8, u16, u32, u64 } from '../netlink/codec.js';
import { dump } from '../netlink/dump.js';
import { Body } from '../netlink/message.js';
import { NetlinkSocket } from '../netlink/socket.js';
import { struct } from '../netlink/struct.js';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const ALL_STATES = 0xfff;

/** States of TCP by their numbers, as ss(8) names them. */
const states = [
  'UNKNOWN',
  'ESTAB',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
  'NEW-SYN-RECV',
] as const;

/** State of a socket. */
export type SocketState = (typeof states)[number];

const protocols = { tcp: 6, udp: 17, dccp: 33, sctp: 132, raw: 255 } as const;

/** Kind of sockets: `unix` or a protocol over IP. */
export type SocketKind = 'tcp' | 'udp' | 'dccp' | 'sctp' | 'raw' | 'unix';

/** One end of a connection. */
export interface SocketEnd {
  readonly address: string;
  readonly port: number;
}

/** A socket. */
export interface SocketInfo {
  readonly kind: SocketKind;
  readonly state: SocketState;
  /** Bytes received and not read; for a listening socket, connections not accepted. */
  readonly recv_q: number;
  /** Bytes sent and not acknowledged; for a listening socket, how many may wait. */
  readonly send_q: number;
  /** Its own end. Not of a unix socket. */
  readonly local?: SocketEnd;
  readonly peer?: SocketEnd;
  /** Path or, with `@` before it, abstract name of a unix socket. */
  readonly path?: string;
  /** Inode of the other end of a unix socket. */
  readonly peer_inode?: number;
  /** Inode: the number in `socket:[...]` of /proc/PID/fd. */
  readonly inode: number;
  readonly uid?: number;
  /** Index of the interface that it is bound to. */
  readonly ifindex?: number;
}

/** 16 bytes of an address; how many of them count, the family says. */
const rawAddress: Scalar<Uint8Array> = {
  size: 16,
  read: (buffer, at) => new Uint8Array(buffer.subarray(at, at + 16)),
  write: (value, buffer, at) => {
    buffer.set(value, at);
  },
  decode: (buffer, start) => new Uint8Array(buffer.subarray(start, start + 16)),
  encode: (value) => value,
};

const id = {
  sport: be16,
  dport: be16,
  src: rawAddress,
  dst: rawAddress,
  ifindex: u32,
  cookie: u64,
} as const;

const inetRequest = new Body(
  struct({ family: u8, protocol: u8, ext: u8, _pad: u8, states: u32, ...id }),
  attributes({}),
);
const inetReply = new Body(
  struct({
    family: u8,
    state: u8,
    timer: u8,
    retrans: u8,
    ...id,
    expires: u32,
    rqueue: u32,
    wqueue: u32,
    uid: u32,
    inode: u32,
  }),
  attributes({ shutdown: [8, u8], mark: [15, u32] }),
);

/** UDIAG_SHOW_NAME, PEER, RQLEN and UID. */
const SHOW = 0x1 | 0x4 | 0x10 | 0x40;

/** Name of a unix socket; one that begins with NUL is abstract. */
const name: Codec<string> = {
  decode(buffer, start, end) {
    const abstract = buffer[start] === 0;
    const label = buffer.toString('utf8', abstract ? start + 1 : start, end);
    return abstract ? `@${label.replaceAll('\0', '@')}` : label.replace(/\0.*$/s, '');
  },
  encode: (value) => Buffer.from(value.replace(/^@/, '\0')),
};

const unixRequest = new Body(
  struct({ family: u8, protocol: u8, _pad: u16, states: u32, inode: u32, show: u32, cookie: u64 }),
  attributes({}),
);
const unixReply = new Body(
  struct({ family: u8, type: u8, state: u8, _pad: u8, inode: u32, cookie: u64 }),
  attributes({
    name: [0, name],
    vfs: [1, bytes],
    peer: [2, u32],
    icons: [3, bytes],
    queues: [4, struct({ rqueue: u32, wqueue: u32 })],
    shutdown: [6, u8],
    uid: [7, u32],
  }),
);

function end(family: number, address: Uint8Array, port: number): SocketEnd {
  const buffer = Buffer.from(address.buffer, address.byteOffset, address.length);
  return { address: formatIP(buffer, 0, family === AF_INET ? 4 : 16) ?? '', port };
}

function inet(socket: NetlinkSocket, kind: keyof typeof protocols, family: number): SocketInfo[] {
  const header = {
    family,
    protocol: protocols[kind],
    states: ALL_STATES,
    cookie: ~0n & ((1n << 64n) - 1n),
  };
  const request = {
    type: SOCK_DIAG_BY_FAMILY,
    name: 'SOCK_DIAG_BY_FAMILY',
    flags: 0,
    body: inetRequest.encode(header, {}),
    about: { kind },
  };
  return dump(socket, request, (buffer, start, stop) => {
    const values = inetReply.decode(buffer, start, stop);
    if (values === undefined) return undefined;
    return {
      kind,
      state: states[values.state] ?? 'UNKNOWN',
      recv_q: values.rqueue,
      send_q: values.wqueue,
      local: end(values.family, values.src, values.sport),
      peer: end(values.family, values.dst, values.dport),
      inode: values.inode,
      uid: values.uid,
      ...(values.ifindex === 0 ? {} : { ifindex: values.ifindex }),
    };
  });
}

function unix(socket: NetlinkSocket): SocketInfo[] {
  const request = {
    type: SOCK_DIAG_BY_FAMILY,
    name: 'SOCK_DIAG_BY_FAMILY',
    flags: 0,
    body: unixRequest.encode({ family: AF_UNIX, states: 0xffff_ffff, show: SHOW }, {}),
    about: { kind: 'unix' },
  };
  return dump(socket, request, (buffer, start, stop) => {
    const values = unixReply.decode(buffer, start, stop);
    if (values === undefined) return undefined;
    return {
      kind: 'unix',
      state: states[values.state] ?? 'UNKNOWN',
      recv_q: values.queues?.rqueue ?? 0,
      send_q: values.queues?.wqueue ?? 0,
      inode: values.inode,
      ...(values.name === undefined ? {} : { path: values.name }),
      ...(values.peer === undefined ? {} : { peer_inode: values.peer }),
      ...(values.uid === undefined ? {} : { uid: values.uid }),
    };
  });
}

/** Options of {@link listSockets}. */
export interface SocketsOptions extends InNetOptions {
  /** Kinds of the sockets. Default: tcp and udp. */
  kinds?: readonly SocketKind[] | undefined;
}

const socketKinds: readonly SocketKind[] = ['tcp', 'udp', 'dccp', 'sctp', 'raw', 'unix'];

const parseSockets = parse.options({
  in: inNet,
  kinds: parse.withDefault(parse.list(parse.oneOf(...socketKinds)), ['tcp', 'udp']),
} satisfies Members<SocketsOptions>);

/**
 * Lists the sockets of a network namespace, of all its processes: `ss -a`. Needs no privileges.
 *
 * @throws {NetlinkError} ENOENT if the kernel lacks the module of this kind
 * @throws {TypeError} for a kind that is not known
 * @see sock_diag(7), ss(8)
 * @example listSockets({ in: lab, kinds: ['tcp'] }).filter(({ state }) => state === 'LISTEN');
 */
export function listSockets(options: SocketsOptions = {}): SocketInfo[] {
  const { in: target, kinds } = parseSockets(options);
  const socket = new NetlinkSocket(NETLINK_SOCK_DIAG, { in: target });
  try {
    return kinds.flatMap((kind) =>
      kind === 'unix'
        ? unix(socket)
        : [AF_INET, AF_INET6].flatMap((family) => inet(socket, kind, family)),
    );
  } finally {
    socket.close();
  }
}
