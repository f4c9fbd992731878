// The only place that knows koffi. Raw calls: the caller has checked every argument,
// and results below zero are negated error numbers.
import { readFileSync } from 'node:fs';
import * as koffi from 'koffi';
import { prebuilt } from '../prebuilt.js';
import { inTurn } from './async-limit.js';
import { syscallNumber } from './numbers.js';

type Word = number | bigint;

const word = 'int64_t';
const RTLD_NOW = 2;
const RTLD_NODELETE = 0x1000;

/**
 * Keeps a library in memory for the life of the process. A Worker that ends would take out what
 * it alone has loaded: our process-wide state, and koffi itself while the event loop still has to
 * close a watch that koffi opened (which crashes).
 */
const pin: (path: string, flags: number) => unknown = koffi
  .load(null)
  .func('dlopen', 'void *', ['str', 'int']);

function koffiPath(): string {
  const path = /\/.*\/koffi\.node$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
  if (path === undefined) throw new Error('koffi is loaded from no file that can be found');
  return path;
}

pin(prebuilt('spawn.so'), RTLD_NOW | RTLD_NODELETE);

const library = koffi.load(prebuilt('spawn.so'));

const spawnFunction = library.func('ns_spawn', word, [word]);
const syscallFunction = library.func('ns_syscall', word, Array<string>(7).fill(word));

/** True on the main thread. The kernel is asked: to load `worker_threads` takes longer. */
export const isMainThread =
  syscallFunction(syscallNumber('gettid'), 0, 0, 0, 0, 0, 0) === process.pid;

if (!isMainThread) pin(koffiPath(), RTLD_NOW | RTLD_NODELETE);

/** Makes a system call on the calling thread. */
export const rawSyscall: (
  number: number,
  a: Word,
  b: Word,
  c: Word,
  d: Word,
  e: Word,
  f: Word,
) => number | bigint = syscallFunction;

/** Makes a system call on a thread of libuv's pool. Memory it names must be kept alive by the caller. */
export function rawSyscallAsync(
  number: number,
  args: readonly [Word, Word, Word, Word, Word, Word],
): Promise<number | bigint> {
  return inTurn((done) => syscallFunction.async(number, ...args, done));
}

/** Makes the calls laid out at this address until one fails, and tells how many have not. */
export const rawCalls: (calls: number, count: number) => number = library.func('ns_calls', word, [
  word,
  word,
]);

/** Runs the job at this address; returns when its first child has exec'ed or is gone. */
export const rawSpawn: (job: bigint) => number = spawnFunction;

/** The same on a thread of libuv's pool, which outlives a Worker that asked for it. */
export function rawSpawnAsync(job: bigint): Promise<number> {
  return inTurn((done) => spawnFunction.async(job, done));
}

/** Keeps signals, a set of bits, pending for the whole process; to be called on the main thread. */
export const rawHoldSignals: (signals: bigint) => void = library.func('ns_hold_signals', 'void', [
  'uint64_t',
]);

/** Ends that. */
export const rawReleaseSignals: () => void = library.func('ns_release_signals', 'void', []);

/** Replaces this process by a program, given by descriptor; comes back only on failure. */
export const rawBecome: (fd: number, argv: bigint, envp: bigint) => number = library.func(
  'ns_become',
  word,
  [word, word, word],
);

/** Maps memory at an address that is free in the runner too; fd -1 for private memory. */
export const rawMap: (fd: number, size: number) => number = library.func('ns_map', word, [
  word,
  word,
]);

/** Address of a buffer's first byte; stable as long as the buffer is referenced. */
export function addressOf(buffer: ArrayBufferView): bigint {
  return buffer.byteLength === 0 ? 0n : koffi.address(buffer);
}

/** Native memory as an ArrayBuffer. The memory must outlive it. */
export function viewOf(address: bigint, size: number): ArrayBuffer {
  return koffi.view(address, size);
}

/** A file descriptor on the event loop; see {@link watch}. */
export interface Watch {
  /** Keeps the event loop alive, as it does from the start. */
  ref(): void;
  /** Lets the event loop end. */
  unref(): void;
  /** Ends it. A second call does nothing. */
  close(): void;
}

/** The readiness of a watched file descriptor. */
export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly disconnect: boolean;
}

// Referenced here, or koffi would silently end a watch that has become garbage. On exit, Node runs the
// loop once more, when callbacks can no longer be called: a descriptor that became ready then would
// abort the process. So all watches are closed before.
const open = new Set<Watch>();
process.once('exit', () => {
  for (const poll of open) poll.close();
});

/**
 * Calls back on the event loop of this thread whenever the descriptor is ready, until the watch is
 * closed. Close it before the descriptor.
 */
export function rawWatch(
  fd: number,
  events: { readable?: boolean; writable?: boolean; disconnect?: boolean },
  callback: (readiness: Readiness) => void,
): Watch {
  // koffi passes a status first, whatever its types say.
  const poll = koffi.node.poll(fd, events, (...args: unknown[]) => callback(args[1] as Readiness));
  open.add(poll);
  // koffi crashes when a closed one is used.
  const whileOpen = (use: () => void) => {
    if (open.has(poll)) use();
  };
  return {
    ref: () => whileOpen(() => poll.ref()),
    unref: () => whileOpen(() => poll.unref()),
    close: () => {
      if (open.delete(poll)) poll.close();
    },
  };
}
