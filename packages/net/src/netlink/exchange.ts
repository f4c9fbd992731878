// The memory that messages are written into and read from, and the system calls that carry them:
// prepared once, so that a request and its answer are one crossing into native code. It is the
// thread's: it is used within one call, by whichever socket.
import { SystemError } from '@ns/core';
import { errnoNumber, PreparedCalls } from '@ns/core/sys';

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const EMSGSIZE = errnoNumber('EMSGSIZE');
const KERNEL = 0;

/** struct sockaddr_nl of the sender of a datagram, and its size. */
const sender = new Uint32Array(3);
const PORT = 1;
const senderSize = new Int32Array([sender.byteLength]);

const SEND = 0;
const RECEIVE = 1;
const FD = 0;
const SIZE = 2;

interface Memory {
  /** Messages to be sent. */
  readonly out: Buffer;
  /** The last datagram received. */
  readonly in: Buffer;
  readonly calls: PreparedCalls;
}

function memoryOf(outgoing: number, incoming: number): Memory {
  const out = Buffer.allocUnsafeSlow(outgoing);
  const into = Buffer.allocUnsafeSlow(incoming);
  const calls = new PreparedCalls([
    ['sendto', -1, out, 0, 0, null, 0],
    ['recvfrom', -1, into, incoming, MSG_TRUNC | MSG_DONTWAIT, sender, senderSize],
  ]);
  return { out, in: into, calls };
}

let memory: Memory | undefined;

/** Made by the first who needs it: to import this package takes no memory and no time for it. */
function theMemory(): Memory {
  memory ??= memoryOf(64 * 1024, 256 * 1024);
  return memory;
}

/** Room for messages to be sent. */
export function outgoing(size: number): Buffer {
  const { out, in: into } = theMemory();
  if (out.length >= size) return out;
  memory = memoryOf(2 * size, into.length);
  return memory.out;
}

/** Returns the datagram of the last {@link exchange} or {@link receive}. */
export function received(): Buffer {
  return theMemory().in;
}

function failed(calls: PreparedCalls, call: number, fd: number): never {
  const name = call === SEND ? 'sendto' : 'recvfrom';
  throw new SystemError(-calls.resultOf(call), name, [fd]);
}

/** Length of the datagram that is there; 0 if it is none of the kernel's, which has to be asked. */
function lengthReceived({ out, in: into, calls }: Memory, fd: number): number {
  // Another process may send to our port as well; only the kernel's word counts.
  if (sender[PORT] !== KERNEL) return 0;
  const length = calls.resultOf(RECEIVE);
  const size = into.length;
  if (length <= size) return length;
  memory = memoryOf(out.length, 2 * length);
  throw new SystemError(EMSGSIZE, 'recvfrom', [fd, size], {
    hint: `The answer has ${length} bytes. Ask again: there is room for it now.`,
  });
}

/** Receives one datagram and gives its length. */
export function receive(fd: number): number {
  const present = theMemory();
  const { calls } = present;
  calls.set(RECEIVE, FD, fd);
  for (;;) {
    if (calls.run(RECEIVE) === RECEIVE) failed(calls, RECEIVE, fd);
    const length = lengthReceived(present, fd);
    if (length > 0) return length;
  }
}

/** Sends what was written into {@link outgoing}, and receives the first datagram of the answer. */
export function exchange(fd: number, size: number): number {
  const present = theMemory();
  const { calls } = present;
  calls.set(SEND, FD, fd);
  calls.set(SEND, SIZE, size);
  calls.set(RECEIVE, FD, fd);
  const made = calls.run();
  if (made < calls.length) failed(calls, made, fd);
  return lengthReceived(present, fd) || receive(fd);
}
