// The process connector of the kernel: births and deaths of all processes of the machine, as they
// happen. In the initial namespaces only and, before Linux 6.6, for root only.
import { SystemError } from '@ns/core';
import { closeFd, trySyscall, watch } from '@ns/core/sys';

const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const NETLINK_CONNECTOR = 11;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_CN_MCAST_LISTEN = 1;
const NLMSG_DONE = 3;
const NLMSG_HEADER = 16;
const CN_HEADER = 20;
const EVENT = { NONE: 0, FORK: 1, EXIT: 0x8000_0000 } as const;
const EAGAIN = 11;
const ENOBUFS = 105;
const ECONNREFUSED = 111;
const EPERM = 1;

/** An event of the kernel. */
export type ConnectorEvent =
  | { readonly kind: 'birth'; readonly pid: number }
  | { readonly kind: 'death'; readonly pid: number }
  /** The kernel has dropped events: the processes have to be listed again. */
  | { readonly kind: 'lost' };

/** Parses a message: struct nlmsghdr, struct cn_msg, struct proc_event. */
export function parseConnector(
  bytes: Uint8Array,
): ConnectorEvent | { kind: 'ack'; error: number } | undefined {
  const start = NLMSG_HEADER + CN_HEADER;
  if (bytes.length < start + 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  const what = view.getUint32(0, true);
  const word = (index: number) => view.getUint32(16 + index * 4, true);
  if (what === EVENT.NONE) return { kind: 'ack', error: word(0) };
  // Threads have events too. Of a process, thread id and pid are equal.
  if (what === EVENT.FORK && word(2) === word(3)) return { kind: 'birth', pid: word(3) };
  if (what === EVENT.EXIT && word(0) === word(1)) return { kind: 'death', pid: word(1) };
  return undefined;
}

function listenMessage(): Uint8Array {
  const message = new DataView(new ArrayBuffer(NLMSG_HEADER + CN_HEADER + 4));
  message.setUint32(0, message.byteLength, true);
  message.setUint16(4, NLMSG_DONE, true);
  message.setUint32(NLMSG_HEADER, CN_IDX_PROC, true);
  message.setUint32(NLMSG_HEADER + 4, CN_VAL_PROC, true);
  message.setUint16(NLMSG_HEADER + 16, 4, true);
  message.setUint32(NLMSG_HEADER + CN_HEADER, PROC_CN_MCAST_LISTEN, true);
  return new Uint8Array(message.buffer);
}

function address(): Uint8Array {
  const sockaddr = new DataView(new ArrayBuffer(12));
  sockaddr.setUint16(0, AF_NETLINK, true);
  sockaddr.setUint32(8, CN_IDX_PROC, true);
  return new Uint8Array(sockaddr.buffer);
}

/** A running connector. */
export interface Connector {
  ref(): void;
  unref(): void;
  close(): void;
}

/** Returns true if the kernel reports events. Its answer is queued when sendto(2) returns. */
function acknowledged(socket: number): boolean {
  const buffer = new Uint8Array(8192);
  for (;;) {
    const length = trySyscall('recvfrom', socket, buffer, buffer.length, 0, null, null);
    if (length <= 0) return false;
    const event = parseConnector(buffer.subarray(0, length));
    if (event?.kind === 'ack') return event.error === 0;
  }
}

function openSocket(): number | undefined {
  const type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const socket = trySyscall('socket', AF_NETLINK, type, NETLINK_CONNECTOR);
  if (socket < 0) return undefined; // a kernel without connectors
  const bound = trySyscall('bind', socket, address(), 12);
  if (bound === 0) {
    const message = listenMessage();
    const sent = trySyscall('sendto', socket, message, message.length, 0, null, 0);
    // Outside of the initial namespaces the kernel refuses the message, or ignores it.
    if (sent > 0 && acknowledged(socket)) return socket;
    if (sent < 0 && sent !== -ECONNREFUSED && sent !== -EPERM) {
      closeFd(socket);
      throw new SystemError(-sent, 'sendto', [socket, message]);
    }
  }
  closeFd(socket);
  return undefined;
}

/** Calls back for every birth and death; undefined where the kernel does not report them. */
export function openConnector(listener: (event: ConnectorEvent) => void): Connector | undefined {
  const socket = openSocket();
  if (socket === undefined) return undefined;
  const buffer = new Uint8Array(8192);
  const read = () => {
    for (;;) {
      const length = trySyscall('recvfrom', socket, buffer, buffer.length, 0, null, null);
      if (length === -EAGAIN) return;
      if (length === -ENOBUFS) listener({ kind: 'lost' });
      else if (length < 0) throw new SystemError(-length, 'recvfrom', [socket]);
      else {
        const event = parseConnector(buffer.subarray(0, length));
        if (event !== undefined && event.kind !== 'ack') listener(event);
      }
    }
  };
  const poll = watch(socket, { readable: true }, read);
  const close = () => {
    poll.close();
    closeFd(socket);
  };
  return { ref: () => poll.ref(), unref: () => poll.unref(), close };
}
