// A netlink socket for requests. The kernel has answered by the time that the request has been
// sent, so this is synchronous: some microseconds for each request.
import { closeFd, syscall } from '@ns/core/sys';
import type { InNetOptions } from '../in-net.js';
import { socketIn } from '../open-net.js';
import { errorOf, type NetlinkError } from './error.js';
import { exchange, outgoing, receive, received } from './exchange.js';
import { eachMessage, NLM_F, NLMSG, type Request, sizeOf, writeMessage } from './message.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
/** Bytes of struct sockaddr_nl: family, port and groups; those of the kernel are zero. */
const SOCKADDR_NL = 12;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_NETLINK = 270;
const CAP_ACK = 10;
const EXT_ACK = 11;
const GET_STRICT_CHK = 12;

/** Receives the messages of an answer. */
export type Visitor = (bytes: Buffer, start: number, end: number, type: number) => void;

/** Sets an option of a socket to a number. */
export function setOption(fd: number, level: number, option: number, value: number): void {
  const word = new Int32Array([value]);
  syscall('setsockopt', fd, level, option, word, 4);
}

/**
 * Lets the kernel alone send to a socket. Root in the namespace could send to its port as
 * well, and fill the queue so that no answer gets through or a dump never ends (SECURITY.md S4, S6).
 */
export function connectToKernel(fd: number): void {
  const kernel = Buffer.alloc(SOCKADDR_NL);
  kernel.writeUInt16LE(AF_NETLINK, 0);
  syscall('connect', fd, kernel, kernel.length);
}

/** A request and answer socket of one netlink protocol, in one network namespace. */
export class NetlinkSocket {
  readonly #fd: number;
  #open = true;
  #sequence = 0;

  constructor(protocol: number, { in: target }: InNetOptions = {}) {
    this.#fd = socketIn(target, AF_NETLINK, SOCK_RAW, protocol);
    try {
      connectToKernel(this.#fd);
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

  /** A number for the next message. */
  nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    return this.#sequence;
  }

  /** Sends a request and reads its acknowledgement; with a visitor, the one message that answers it. */
  request(request: Request, visit?: Visitor): void {
    const { fd } = this;
    const sequence = this.nextSequence();
    const out = outgoing(sizeOf(request));
    const size = writeMessage(request, visit ? 0 : NLM_F.ACK, sequence, out);
    let length = exchange(fd, size);
    let error: NetlinkError | undefined;
    for (let done = false; !done; ) {
      const bytes = received();
      eachMessage(bytes, length, (type, flags, seq, start, end) => {
        if (seq !== sequence) return; // left over from a request that failed halfway
        done = true;
        if (type !== NLMSG.ERROR) visit?.(bytes, start, end, type);
        else error = errorOf(bytes, start, end, flags, request, true);
      });
      if (!done) length = receive(fd);
    }
    if (error) throw error;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeFd(this.#fd);
  }
}
