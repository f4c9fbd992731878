// Makes the calls of a program on the calling thread, with the meaning that native/program.h gives them
// in a child. So an operation is described once, wherever it is carried out.
import { errnoName } from '../sys/errno.js';
import { closeFd } from '../sys/fd.js';
import type { SyscallName } from '../sys/numbers.js';
import { type SyscallArgument, trySyscall } from '../sys/syscall.js';
import { Call, isStoreEntry, ParentDescriptor, type ProgramArgument } from './call.js';
import type { Program } from './program.js';
import { type ProgramTrace, programError } from './program-error.js';

/** Calls that return a descriptor. Those of a child end with it; those of a thread must be closed. */
const openers: ReadonlySet<string> = new Set([
  ...[
    'accept4',
    'dup',
    'epoll_create1',
    'eventfd2',
    'fanotify_init',
    'fsmount',
    'fsopen',
    'fspick',
  ],
  ...['inotify_init1', 'memfd_create', 'open_tree', 'open_tree_attr', 'openat', 'openat2'],
  ...['pidfd_getfd', 'pidfd_open', 'signalfd4', 'socket', 'timerfd_create', 'userfaultfd'],
]);

const EINTR = 4;
const EAGAIN = 11;
const EPROTO = 71;
/** Attempts of openat2(2) to resolve `..` while other processes rename or mount: as in program.h. */
const TRIES = 232;

type Failure = NonNullable<ProgramTrace['failure']>;

/** A program that is carried out on this thread. */
class ThreadRun implements ProgramTrace {
  readonly #entries: readonly Call[];
  readonly #results = new Map<Call, number>();
  readonly #open = new Map<Call, number>();
  #failure: Failure | undefined;

  constructor(entries: readonly Call[]) {
    this.#entries = entries;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  resultOf(call: Call): number {
    return this.#results.get(call) ?? 0;
  }

  bytesOf(call: Call, argument: number): Uint8Array {
    return call.args[argument] as Uint8Array;
  }

  /** Makes all calls; after a failure, those that find out more about it. */
  run(): void {
    for (const [index, entry] of this.#entries.entries()) {
      if (this.#isSkipped(entry)) continue;
      if (this.#failure && entry.options.ifFailed !== this.#failure.entry) continue;
      const errno = this.#make(entry);
      if (errno !== undefined) this.#failure ??= { entry, index, errno };
    }
  }

  /** Returns the descriptor that a call has opened, which then stays open. */
  take(call: Call): number {
    const fd = this.#open.get(call) ?? -1;
    this.#open.delete(call);
    return fd;
  }

  /** Closes the descriptors that the calls have opened. */
  close(): void {
    for (const fd of this.#open.values()) closeFd(fd);
    this.#open.clear();
  }

  #isSkipped({ options: { ifFailed, ifSucceeded } }: Call): boolean {
    if (ifFailed) return this.resultOf(ifFailed) >= 0;
    return ifSucceeded !== undefined && this.resultOf(ifSucceeded) < 0;
  }

  /** Makes a call. Returns its error number unless the call tolerates the error. */
  #make(entry: Call): number | undefined {
    const { tolerate, expect } = entry.options;
    const isTolerated = (errno: number) => tolerate?.includes(errnoName(errno)) ?? false;
    const words = entry.args.map((argument) => this.#word(argument));
    const result = isStoreEntry(entry) ? store(words) : callAgain(entry, words, isTolerated);
    this.#results.set(entry, result);
    if (result >= 0 && openers.has(entry.name)) this.#open.set(entry, result);
    if (entry.name === 'close') this.#open.delete(entry.args[0] as Call);
    const hasFailed = result < 0 && result > -4096;
    const isExpected = expect === undefined || result === expect;
    const errno = hasFailed ? -result : isExpected ? 0 : EPROTO;
    return errno === 0 || isTolerated(errno) ? undefined : errno;
  }

  #word(argument: ProgramArgument): SyscallArgument {
    if (argument instanceof Call) return this.resultOf(argument);
    if (argument instanceof ParentDescriptor) return argument.fd;
    return argument as SyscallArgument;
  }
}

/** Makes a call until it neither was interrupted nor lost a race, as a child does. */
function callAgain(
  { name }: Call,
  words: readonly SyscallArgument[],
  isTolerated: (errno: number) => boolean,
): number {
  for (let tries = 1; ; tries++) {
    const result = trySyscall(name as SyscallName, ...words);
    const hasLostRace = name === 'openat2' && result === -EAGAIN && tries < TRIES;
    if ((result !== -EINTR && !hasLostRace) || isTolerated(-result)) return result;
  }
}

function store([bytes, offset, value, size]: readonly SyscallArgument[]): number {
  const { buffer, byteOffset } = bytes as Uint8Array;
  const view = new DataView(buffer, byteOffset + Number(offset));
  if (size === 8) view.setBigInt64(0, BigInt.asIntN(64, BigInt(value as number)), true);
  else view.setInt32(0, Number(value), true);
  return 0;
}

/** Throws if a program has entries that only a child can carry out. */
function assertForThread(entries: readonly Call[]): void {
  for (const entry of entries) {
    const isForChild =
      (entry.number < 0 && !isStoreEntry(entry)) ||
      entry.args.some((argument) => Array.isArray(argument)) ||
      (isStoreEntry(entry) && ArrayBuffer.isView(entry.args[2]));
    if (isForChild) throw new TypeError(`${entry.name} can be carried out only in a child`);
  }
}

/**
 * Makes the calls of a program on the calling thread. Descriptors that they open are closed at the end.
 *
 * Memory that the calls fill is the caller's own array.
 *
 * @param keep the call whose descriptor stays open
 * @returns the descriptor of `keep`; -1 without it
 * @throws {SystemError} naming the call that failed, with its step and its part
 * @throws {TypeError} for an entry that only a child can carry out: a meeting, an exec
 */
export function runOnThread(program: Program, keep?: Call): number {
  const { entries } = program;
  assertForThread(entries);
  const run = new ThreadRun(entries);
  try {
    run.run();
    const error = programError(run, entries);
    if (error) throw error;
    return keep ? run.take(keep) : -1;
  } finally {
    run.close();
  }
}
