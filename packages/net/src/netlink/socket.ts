// A netlink socket for requests. The kernel has answered by the time that the request has been
// sent, so this is synchronous: some microseconds for each request.
import { SystemError } from '@ns/core';
import { closeFd, errnoNumber, syscall, trySyscall } from '@ns/core/sys';
import { type InOptions, socketIn } from '../where.js';
import { errorOf, NetlinkError } from './error.js';
import {
  eachMessage,
  HEADER,
  NLM_F,
  NLMSG,
  type Request,
  sizeOf,
  writeMessage,
} from './message.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_NETLINK = 270;
const CAP_ACK = 10;
const EXT_ACK = 11;
const GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;

const EINTR = errnoNumber('EINTR');
const EMSGSIZE = errnoNumber('EMSGSIZE');
const EPROTO = errnoNumber('EPROTO');

const MAX_RETRIES = 20;
/** Bytes of requests sent at once: so few that the answers, if all fail, find room. */
const BATCH = 16 * 1024;

// These are for the thread: they are used and read within one call.
let receiveBuffer = Buffer.allocUnsafeSlow(256 * 1024);
/** struct sockaddr_nl of whoever has sent a datagram, and its size. */
const sender = Buffer.alloc(12);
const senderSize = new Int32Array([sender.length]);
const SENDER_PORT = 4;
const KERNEL = 0;

/** What is done with the messages of an answer. */
export type Visitor = (bytes: Buffer, start: number, end: number, type: number) => void;

/** Sets an option of a socket to a number. */
export function setOption(fd: number, level: number, option: number, value: number): void {
  const word = new Int32Array([value]);
  syscall('setsockopt', fd, level, option, word, 4);
}

/** A dump under way, of which the answer comes in pieces. */
export interface Dump {
  readonly request: Request;
  readonly message: Buffer;
  readonly sequence: number;
  interrupted: boolean;
  done: boolean;
}

/** Lets the event loop go on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function messageOf(request: Request, flags: number, sequence: number): Buffer {
  const message = Buffer.alloc(sizeOf(request));
  writeMessage({ ...request, flags: request.flags | flags }, sequence, message);
  return message;
}

const keptChanging = ({ name, about }: Request) =>
  new NetlinkError(EINTR, name, about, {
    explanation: 'the table kept changing while it was read',
  });

/** A request and answer socket of one netlink protocol, in one network namespace. */
export class NetlinkSocket {
  readonly #fd: number;
  #open = true;
  #sequence = 0;

  constructor(protocol: number, { in: target }: InOptions = {}) {
    this.#fd = socketIn(target, AF_NETLINK, SOCK_RAW, protocol);
    try {
      setOption(this.#fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
      setOption(this.#fd, SOL_NETLINK, CAP_ACK, 1);
      setOption(this.#fd, SOL_NETLINK, EXT_ACK, 1);
      // Filters of dumps are honoured, and what the kernel does not know is refused (Linux 4.20).
      setOption(this.#fd, SOL_NETLINK, GET_STRICT_CHK, 1);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The descriptor, which stays the socket's. */
  get fd(): number {
    if (!this.#open) throw new Error('the netlink socket is closed');
    return this.#fd;
  }

  #next(): number {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    return this.#sequence;
  }

  #send(message: Uint8Array): void {
    const { fd } = this;
    for (;;) {
      const sent = trySyscall('sendto', fd, message, message.length, 0, null, 0);
      if (sent >= 0) return;
      if (sent !== -EINTR) throw new SystemError(-sent, 'sendto', [fd, message, message.length]);
    }
  }

  /** Receives one datagram into the buffer and gives its length. */
  #receive(): number {
    const { fd } = this;
    for (;;) {
      const size = receiveBuffer.length;
      const flags = MSG_TRUNC | MSG_DONTWAIT;
      senderSize[0] = sender.length;
      const length = trySyscall('recvfrom', fd, receiveBuffer, size, flags, sender, senderSize);
      if (length === -EINTR) continue;
      if (length < 0) throw new SystemError(-length, 'recvfrom', [fd]);
      // Another process may send to our port as well; only the kernel's word counts.
      if (sender.readUInt32LE(SENDER_PORT) !== KERNEL) continue;
      if (length <= size) return length;
      receiveBuffer = Buffer.allocUnsafeSlow(2 * length);
      throw new SystemError(EMSGSIZE, 'recvfrom', [fd, size], {
        hint: `The answer has ${length} bytes. Ask again: there is room for it now.`,
      });
    }
  }

  /** Sends a request and reads its acknowledgement; with a visitor, the one message that answers it. */
  request(request: Request, visit?: Visitor): void {
    const sequence = this.#next();
    const message = messageOf(request, visit ? 0 : NLM_F.ACK, sequence);
    this.#send(message);
    let error: NetlinkError | undefined;
    let done = false;
    while (!done) {
      eachMessage(receiveBuffer, this.#receive(), (type, flags, seq, start, end) => {
        if (seq !== sequence) return; // left over from a request that failed halfway
        done = true;
        if (type !== NLMSG.ERROR) visit?.(receiveBuffer, start, end, type);
        else error = errorOf(receiveBuffer, start, end, flags, request, message, true);
      });
    }
    if (error) throw error;
  }

  /**
   * Sends many requests together. All of them are tried, whatever becomes of the others.
   *
   * @returns for each request its error, or undefined
   */
  batch(requests: readonly Request[]): (NetlinkError | undefined)[] {
    const errors: (NetlinkError | undefined)[] = new Array(requests.length).fill(undefined);
    let out = Buffer.alloc(BATCH);
    let from = 0;
    while (from < requests.length) {
      const begun: number[] = [];
      let first = 0;
      let size = 0;
      for (let i = from; i < requests.length; i++) {
        const request = requests[i] as Request;
        if (size > 0 && size + sizeOf(request) > BATCH) break;
        const sequence = this.#next();
        if (begun.length === 0) first = sequence;
        begun.push(size);
        if (sizeOf(request) > out.length) out = Buffer.alloc(sizeOf(request));
        size = writeMessage(request, sequence, out, size);
      }
      // Failures are always told; success only of the last one, which comes after all others.
      const last = begun.length - 1;
      const flagsAt = (begun[last] as number) + 6;
      out.writeUInt16LE(out.readUInt16LE(flagsAt) | NLM_F.ACK, flagsAt);
      this.#send(out.subarray(0, size));
      let done = false;
      while (!done) {
        eachMessage(receiveBuffer, this.#receive(), (type, flags, seq, start, end) => {
          const index = seq - first;
          const at = begun[index];
          if (type !== NLMSG.ERROR || at === undefined) return;
          const request = requests[from + index] as Request;
          const message = out.subarray(at, at + sizeOf(request));
          errors[from + index] = errorOf(receiveBuffer, start, end, flags, request, message, true);
          if (index === last) done = true;
        });
      }
      from += begun.length;
    }
    return errors;
  }

  /** Asks for a whole table; the answer is read with {@link read}. */
  start(request: Request): Dump {
    const sequence = this.#next();
    const message = messageOf(request, NLM_F.DUMP, sequence);
    this.#send(message);
    return { request, message, sequence, interrupted: false, done: false };
  }

  /** Reads the next piece of a dump's answer. */
  read(dump: Dump, visit: Visitor): void {
    let error: NetlinkError | undefined;
    eachMessage(receiveBuffer, this.#receive(), (type, flags, seq, start, end) => {
      if (seq !== dump.sequence) return;
      if ((flags & NLM_F.DUMP_INTR) !== 0) dump.interrupted = true;
      if (type === NLMSG.DONE || type === NLMSG.ERROR) {
        dump.done = true;
        const { request, message } = dump;
        error = errorOf(receiveBuffer, start, end, flags, request, message, type === NLMSG.ERROR);
      } else visit(receiveBuffer, start, end, type);
    });
    if (error) throw error;
  }

  /** A whole table, decoded. What changes while it is read makes it be read again. */
  dump<T>(request: Request, decode: (...message: Parameters<Visitor>) => T | undefined): T[] {
    for (let tries = 0; tries < MAX_RETRIES; tries++) {
      const list: T[] = [];
      let broken = false;
      const dump = this.start(request);
      while (!dump.done) {
        this.read(dump, (bytes, start, end, type) => {
          const value = decode(bytes, start, end, type);
          if (value === undefined) broken = true;
          else list.push(value);
        });
      }
      if (broken) throw new NetlinkError(EPROTO, request.name, request.about);
      if (!dump.interrupted) return list;
    }
    throw keptChanging(request);
  }

  /**
   * The same without holding up the event loop: it goes on after each piece that is read, and after
   * each that is decoded. What is kept is the kernel's bytes, not the objects. Needs a socket of its
   * own.
   */
  async *each<T>(
    request: Request,
    decode: (...message: Parameters<Visitor>) => T | undefined,
  ): AsyncGenerator<T, void, undefined> {
    for (const piece of await this.#pieces(request)) {
      const list: T[] = [];
      eachMessage(piece, piece.length, (type, _flags, _sequence, start, end) => {
        const value = decode(piece, start, end, type);
        if (value === undefined) throw new NetlinkError(EPROTO, request.name, request.about);
        list.push(value);
      });
      yield* list;
      await turn();
    }
  }

  /** The messages of a dump that nothing has interrupted, without the one that ends it. */
  async #pieces(request: Request): Promise<Buffer[]> {
    for (let tries = 0; tries < MAX_RETRIES; tries++) {
      const pieces: Buffer[] = [];
      const dump = this.start(request);
      while (!dump.done) {
        let [first, last] = [-1, 0];
        this.read(dump, (_bytes, start, end) => {
          if (first < 0) first = start - HEADER;
          last = end;
        });
        if (first >= 0) pieces.push(Buffer.from(receiveBuffer.subarray(first, last)));
        await turn();
      }
      if (!dump.interrupted) return pieces;
    }
    throw keptChanging(request);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeFd(this.#fd);
  }
}
