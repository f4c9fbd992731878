// Events of a network namespace, from a socket on the event loop.
import { SystemError, Watch, type WatchSource } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import {
  addressOf,
  closeFd,
  errnoNumber,
  syscall,
  trySyscall,
  watch as watchFd,
} from '@ns/core/sys';
import { type InNetOptions, inNet, type NetTarget } from '../in-net.js';
import { eachMessage } from '../netlink/message.js';
import { connectToKernel, setOption } from '../netlink/socket.js';
import { socketIn } from '../open-net.js';
import { decodeEvent, groupNumbers, type NetEvent, type WatchGroup } from './events.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_NETLINK = 270;
const ADD_MEMBERSHIP = 1;
const LISTEN_ALL_NSID = 8;
const MSG_DONTWAIT = 0x40;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
const EAGAIN = errnoNumber('EAGAIN');
const EINTR = errnoNumber('EINTR');
const ENOBUFS = errnoNumber('ENOBUFS');

/** Events kept for a slow reader. The kernel keeps some more, and then reports that events are lost. */
const QUEUE = 4096;

/** Options of {@link watchNet}. */
export interface WatchNetOptions extends InNetOptions {
  /** Kinds of the events. Default: link, address and route. */
  groups?: readonly WatchGroup[] | undefined;
  /** Also watch other namespaces that this one has an id for. Default: false. */
  all?: boolean | undefined;
  /** Ends the iteration with an AbortError. */
  signal?: AbortSignal | undefined;
}

/** Memory for recvmsg(2): a datagram and its sender. */
class Receiver {
  readonly bytes = Buffer.allocUnsafeSlow(64 * 1024);
  readonly #control = Buffer.allocUnsafeSlow(64);
  readonly #vector = Buffer.allocUnsafeSlow(16);
  readonly #header = Buffer.allocUnsafeSlow(56).fill(0);
  /** struct sockaddr_nl of the sender. */
  readonly #sender = Buffer.allocUnsafeSlow(12);

  constructor() {
    this.#header.writeBigUInt64LE(addressOf(this.#sender), 0);
    this.#vector.writeBigUInt64LE(addressOf(this.bytes), 0);
    this.#vector.writeBigUInt64LE(BigInt(this.bytes.length), 8);
    this.#header.writeBigUInt64LE(addressOf(this.#vector), 16);
    this.#header.writeBigUInt64LE(1n, 24);
    this.#header.writeBigUInt64LE(addressOf(this.#control), 32);
  }

  /** Returns the length of the next datagram, or a negative error number. */
  receive(fd: number): number {
    this.#header.writeUInt32LE(this.#sender.length, 8);
    this.#header.writeBigUInt64LE(BigInt(this.#control.length), 40);
    return trySyscall('recvmsg', fd, this.#header, MSG_DONTWAIT);
  }

  /** True if the kernel has sent the last datagram: other processes may send to the port as well. */
  get isFromKernel(): boolean {
    return this.#sender.readUInt32LE(4) === 0;
  }

  /** True if the last datagram was longer than the buffer. */
  get isCut(): boolean {
    return (this.#header.readInt32LE(48) & MSG_TRUNC) !== 0;
  }

  /** The number of the namespace that the last datagram came from, if it is another. */
  get nsid(): number | undefined {
    const given = this.#header.readBigUInt64LE(40);
    if (given < 20n || (this.#header.readInt32LE(48) & MSG_CTRUNC) !== 0) return undefined;
    const [level, type] = [this.#control.readInt32LE(8), this.#control.readInt32LE(12)];
    return level === SOL_NETLINK && type === LISTEN_ALL_NSID
      ? this.#control.readInt32LE(16)
      : undefined;
  }
}

/** Opens a socket that gets the events of these groups. */
function openSocket(target: NetTarget | undefined, groups: readonly WatchGroup[], all: boolean) {
  const fd = socketIn(target, AF_NETLINK, SOCK_RAW, 0);
  try {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
    if (all) setOption(fd, SOL_NETLINK, LISTEN_ALL_NSID, 1);
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK);
    syscall('bind', fd, address, address.length);
    connectToKernel(fd);
    for (const number of groups.flatMap((group) => [...groupNumbers[group]])) {
      setOption(fd, SOL_NETLINK, ADD_MEMBERSHIP, number);
    }
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * Events of a socket. While its queue is full it does not read: events stay in the kernel, which drops
 * them when its own buffer is full, and reports that with ENOBUFS.
 */
class EventSource implements WatchSource<NetEvent> {
  readonly #fd: number;
  readonly #wake: () => void;
  readonly #receiver = new Receiver();
  #queue: NetEvent[] = [];
  #failure: SystemError | undefined;
  #watch: ReturnType<typeof watchFd> | undefined;
  #hasReader = false;

  constructor(fd: number, wake: () => void) {
    this.#fd = fd;
    this.#wake = wake;
    this.#listen();
  }

  #listen(): void {
    if (this.#watch) return;
    this.#watch = watchFd(this.#fd, { readable: true }, () => this.#read());
    if (!this.#hasReader) this.#watch.unref();
  }

  #pause(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #read(): void {
    let isDrained = false;
    while (!isDrained && !this.#failure && this.#queue.length < QUEUE) {
      const length = this.#receiver.receive(this.#fd);
      if (length === -EAGAIN) isDrained = true;
      else if (length === -EINTR) continue;
      else if (length === -ENOBUFS) this.#queue.push({ event: 'resync' });
      else if (length >= 0 && this.#receiver.isCut) this.#queue.push({ event: 'resync' });
      else if (length < 0) this.#failure = new SystemError(-length, 'recvmsg', [this.#fd]);
      else if (this.#receiver.isFromKernel) this.#decode(length);
    }
    if (!isDrained) this.#pause();
    this.#wake();
  }

  #decode(length: number): void {
    const { nsid, bytes } = this.#receiver;
    eachMessage(bytes, length, (type, _flags, _sequence, start, end) => {
      const event = decodeEvent(bytes, start, end, type);
      if (event) this.#queue.push(nsid === undefined ? event : { ...event, nsid });
    });
  }

  take(): readonly NetEvent[] {
    const events = this.#queue;
    this.#queue = [];
    if (events.length === 0 && this.#failure) throw this.#failure;
    if (!this.#failure) this.#listen();
    return events;
  }

  ref(): void {
    this.#hasReader = true;
    this.#watch?.ref();
  }

  unref(): void {
    this.#hasReader = false;
    this.#watch?.unref();
  }

  close(): void {
    this.#pause();
    closeFd(this.#fd);
  }
}

const watchGroups = Object.keys(groupNumbers) as WatchGroup[];

const parseWatch = parse.options({
  in: inNet,
  groups: parse.withDefault(parse.list(parse.oneOf(...watchGroups)), ['link', 'address', 'route']),
  all: parse.withDefault(parse.boolean, false),
  signal: parse.abortSignal,
} satisfies Members<WatchNetOptions>);

/**
 * Watches changes in a network namespace: `ip monitor`. Events from this call on are kept until they are
 * read. Keeps the event loop alive while a reader waits.
 *
 * At most 4096 events are kept, and some more in the kernel. When events are lost, there is one with
 * `event: 'resync'` instead: list again.
 *
 * Needs no privileges. `all` needs CAP_NET_BROADCAST.
 *
 * @throws {TypeError} for a group that is not known
 * @throws an AbortError if the signal has fired
 * @example for await (const event of watchNet({ in: lab, groups: ['link'] })) console.log(event);
 * @see rtnetlink(7), ip-monitor(8)
 */
export function watchNet(options: WatchNetOptions = {}): Watch<NetEvent> {
  const { in: target, groups, all, signal } = parseWatch(options);
  const open = (wake: () => void) => new EventSource(openSocket(target, groups, all), wake);
  return new Watch(open, signal);
}
