// Events as an asynchronous iterator, from a socket on the event loop.
import { SystemError } from '@ns/core';
import {
  addressOf,
  closeFd,
  errnoNumber,
  syscall,
  trySyscall,
  watch as watchFd,
} from '@ns/core/sys';
import { eachMessage } from '../netlink/message.js';
import { connectToKernel, setOption } from '../netlink/socket.js';
import { type InOptions, socketIn } from '../open-net.js';
import { checked } from '../options.js';
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

/** Events kept for a slow reader; the kernel keeps some more, and then tells that some are lost. */
const QUEUE = 4096;

/** Options of {@link watch}. */
export interface WatchOptions extends InOptions {
  /** What to watch. Default: link, address and route. */
  groups?: readonly WatchGroup[];
  /** Also what happens in other namespaces that this one has an id for. Default: false. */
  all?: boolean;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

/** Memory for recvmsg(2): a datagram, and beside it where it came from. */
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

  /** Length of the next datagram, or a negative error number. */
  receive(fd: number): number {
    this.#header.writeUInt32LE(this.#sender.length, 8);
    this.#header.writeBigUInt64LE(BigInt(this.#control.length), 40);
    return trySyscall('recvmsg', fd, this.#header, MSG_DONTWAIT);
  }

  /** Whether the kernel has sent the last datagram: others may send to our port as well. */
  get isFromKernel(): boolean {
    return this.#sender.readUInt32LE(4) === 0;
  }

  /** Whether the last datagram was longer than there is room for. */
  get isCut(): boolean {
    return (this.#header.readInt32LE(48) & MSG_TRUNC) !== 0;
  }

  /** Number of the namespace that the last datagram came from, if it is another one. */
  get nsid(): number | undefined {
    const given = this.#header.readBigUInt64LE(40);
    if (given < 20n || (this.#header.readInt32LE(48) & MSG_CTRUNC) !== 0) return undefined;
    const [level, type] = [this.#control.readInt32LE(8), this.#control.readInt32LE(12)];
    return level === SOL_NETLINK && type === LISTEN_ALL_NSID
      ? this.#control.readInt32LE(16)
      : undefined;
  }
}

/** Events of a namespace; ends with {@link close}. What happens from its making on is in it. */
export class NetWatch implements AsyncIterableIterator<NetEvent> {
  readonly #fd: number;
  readonly #receiver = new Receiver();
  readonly #queue: NetEvent[] = [];
  readonly #waiting: {
    resolve: (result: IteratorResult<NetEvent, undefined>) => void;
    reject: (error: unknown) => void;
  }[] = [];
  readonly #stopListening: () => void = () => {};
  #watch: ReturnType<typeof watchFd> | undefined;
  #failure: SystemError | undefined;
  #closed = false;

  /** @internal */
  constructor({
    in: target,
    groups = ['link', 'address', 'route'],
    all = false,
    signal,
  }: WatchOptions) {
    const numbers = groups.flatMap((group) => {
      if (!Object.hasOwn(groupNumbers, group)) throw new TypeError(`groups: ${group} is not known`);
      return [...groupNumbers[group]];
    });
    this.#fd = socketIn(target, AF_NETLINK, SOCK_RAW, 0);
    try {
      setOption(this.#fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
      if (all) setOption(this.#fd, SOL_NETLINK, LISTEN_ALL_NSID, 1);
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK);
      syscall('bind', this.#fd, address, address.length);
      connectToKernel(this.#fd);
      for (const number of numbers) setOption(this.#fd, SOL_NETLINK, ADD_MEMBERSHIP, number);
    } catch (error) {
      closeFd(this.#fd);
      throw error;
    }
    this.#listen();
    if (signal?.aborted) this.close();
    else if (signal) {
      const onAbort = () => this.close();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#stopListening = () => signal.removeEventListener('abort', onAbort);
    }
  }

  #listen(): void {
    this.#watch ??= watchFd(this.#fd, { readable: true }, () => this.#read());
  }

  #read(): void {
    while (!this.#closed && this.#queue.length < QUEUE) {
      const length = this.#receiver.receive(this.#fd);
      if (length === -EAGAIN) return;
      if (length === -EINTR) continue;
      if (length === -ENOBUFS) this.#push({ event: 'resync' });
      else if (length >= 0 && this.#receiver.isCut) this.#push({ event: 'resync' });
      else if (length < 0) this.#fail(new SystemError(-length, 'recvmsg', [this.#fd]));
      else if (this.#receiver.isFromKernel) this.#decode(length);
    }
    // Nobody reads: what comes meanwhile stays in the kernel.
    this.#watch?.close();
    this.#watch = undefined;
  }

  #decode(length: number): void {
    const { nsid, bytes } = this.#receiver;
    eachMessage(bytes, length, (type, _flags, _sequence, start, end) => {
      const event = decodeEvent(bytes, start, end, type);
      if (event) this.#push(nsid === undefined ? event : { ...event, nsid });
    });
  }

  #push(event: NetEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve({ value: event, done: false });
    else this.#queue.push(event);
  }

  #fail(error: SystemError): void {
    this.#failure = error;
    const waiting = this.#waiting.shift();
    if (waiting) {
      this.#failure = undefined;
      waiting.reject(error);
    }
    this.close();
  }

  /** The next event. */
  next(): Promise<IteratorResult<NetEvent, undefined>> {
    const value = this.#queue.shift();
    if (value) {
      if (!this.#closed && this.#queue.length === 0) this.#listen();
      return Promise.resolve({ value, done: false });
    }
    const failure = this.#failure;
    if (failure) {
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Ends the watching. Events that have come are still given. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    this.#watch?.close();
    this.#watch = undefined;
    closeFd(this.#fd);
    for (const { resolve } of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }

  /** Ends it: what a `for await` calls that is left. */
  return(): Promise<IteratorResult<NetEvent, undefined>> {
    this.close();
    this.#queue.length = 0;
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/**
 * Watches what changes in a network namespace: `ip monitor`. Events from this call on are given,
 * whenever they are read; keeps the event loop alive until it is closed.
 *
 * Needs no privileges; `all` needs CAP_NET_BROADCAST.
 *
 * @throws {TypeError} for a group that is not known
 * @example for await (const event of watch({ in: lab, groups: ['link'] })) console.log(event);
 * @see rtnetlink(7), ip-monitor(8)
 */
export function watch(options: WatchOptions = {}): NetWatch {
  return new NetWatch(checked(options, ['in', 'groups', 'all', 'signal']));
}
