// Whole tables. What changes while one is read makes it be read again (NLM_F_DUMP_INTR).
import { errnoNumber } from '@ns/core/sys';
import { errorOf, NetlinkError } from './error.js';
import { exchange, outgoing, receive, received } from './exchange.js';
import {
  eachMessage,
  HEADER,
  NLM_F,
  NLMSG,
  type Request,
  sizeOf,
  writeMessage,
} from './message.js';
import type { NetlinkSocket, Visitor } from './socket.js';

const EINTR = errnoNumber('EINTR');
const EPROTO = errnoNumber('EPROTO');
const MAX_TRIES = 20;

/** Reads a message: null for what is not wanted, undefined for what cannot be read. */
export type Decoder<T> = (...message: Parameters<Visitor>) => T | null | undefined;

/** Lets the event loop go on. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const unreadable = ({ name, about }: Request) => new NetlinkError(EPROTO, name, about);

const keptChanging = ({ name, about }: Request) =>
  new NetlinkError(EINTR, name, about, {
    explanation: 'the table kept changing while it was read',
  });

/** A dump under way, of which the answer comes in pieces. */
class Dump {
  readonly #socket: NetlinkSocket;
  readonly #request: Request;
  #sequence = 0;
  interrupted = false;
  done = false;

  constructor(socket: NetlinkSocket, request: Request) {
    this.#socket = socket;
    this.#request = request;
  }

  #receive(): number {
    const { fd } = this.#socket;
    if (this.#sequence !== 0) return receive(fd);
    this.#sequence = this.#socket.nextSequence();
    const out = outgoing(sizeOf(this.#request));
    return exchange(fd, writeMessage(this.#request, NLM_F.DUMP, this.#sequence, out));
  }

  /** Reads the next piece; the first time, the kernel is asked before. */
  read(visit: Visitor): void {
    let error: NetlinkError | undefined;
    const length = this.#receive();
    const bytes = received();
    eachMessage(bytes, length, (type, flags, sequence, start, end) => {
      if (sequence !== this.#sequence) return;
      if ((flags & NLM_F.DUMP_INTR) !== 0) this.interrupted = true;
      if (type === NLMSG.DONE || type === NLMSG.ERROR) {
        this.done = true;
        error = errorOf(bytes, start, end, flags, this.#request, type === NLMSG.ERROR);
      } else visit(bytes, start, end, type);
    });
    if (error) throw error;
  }
}

/** A whole table, decoded. */
export function dump<T>(socket: NetlinkSocket, request: Request, decode: Decoder<T>): T[] {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const list: T[] = [];
    let broken = false;
    const answer = new Dump(socket, request);
    while (!answer.done) {
      answer.read((bytes, start, end, type) => {
        const value = decode(bytes, start, end, type);
        if (value === undefined) broken = true;
        else if (value !== null) list.push(value);
      });
    }
    if (broken) throw unreadable(request);
    if (!answer.interrupted) return list;
  }
  throw keptChanging(request);
}

/** The messages of a dump that nothing has interrupted, without the one that ends it. */
async function pieces(socket: NetlinkSocket, request: Request): Promise<Buffer[]> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const list: Buffer[] = [];
    const answer = new Dump(socket, request);
    while (!answer.done) {
      let [first, last] = [-1, 0];
      answer.read((_bytes, start, end) => {
        if (first < 0) first = start - HEADER;
        last = end;
      });
      if (first >= 0) list.push(Buffer.from(received().subarray(first, last)));
      await turn();
    }
    if (!answer.interrupted) return list;
  }
  throw keptChanging(request);
}

/**
 * The same without holding up the event loop: it goes on after each piece that is read, and after
 * each that is decoded. What is kept is the kernel's bytes, not the objects. Needs a socket of its
 * own.
 */
export async function* dumpInPieces<T>(
  socket: NetlinkSocket,
  request: Request,
  decode: Decoder<T>,
): AsyncGenerator<T, void, undefined> {
  for (const piece of await pieces(socket, request)) {
    const list: T[] = [];
    eachMessage(piece, piece.length, (type, _flags, _sequence, start, end) => {
      const value = decode(piece, start, end, type);
      if (value === undefined) throw unreadable(request);
      if (value !== null) list.push(value);
    });
    yield* list;
    await turn();
  }
}
