// become(): a command in namespaces, for which this process is nothing but a stand-in from then on.

import { constants } from 'node:os';
import type { CheckedSpawn } from '../child/child.js';
import { draft } from '../child/compose.js';
import { openRunner } from '../child/init-binary.js';
import { launchHere, type Running } from '../child/launch.js';
import type { SpawnOptions } from '../child/options.js';
import { checkSpawn } from '../child/parse.js';
import { ownOptions } from '../contract/arguments.js';
import { closeFd } from '../sys/fd.js';
import { F } from '../sys/flags.js';
import {
  addressOf,
  isMainThread,
  rawBecome,
  rawHoldSignals,
  rawReleaseSignals,
} from '../sys/native.js';
import { type SignalName, signalNumber } from '../sys/signals.js';
import { cString, syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { reap } from '../sys/wait.js';

const SIGKILL = 9;
const LAST_SIGNAL = 64;

const { signals: numbers } = constants;

/** Mostly of a fault, or the profiler's: held and passed on only if they are named. */
const faults: ReadonlySet<number> = new Set([
  ...[numbers.SIGILL, numbers.SIGTRAP, numbers.SIGBUS, numbers.SIGFPE, numbers.SIGSEGV],
  ...[numbers.SIGSYS, numbers.SIGABRT, numbers.SIGPROF],
]);

// Those that nobody can hold, that tell of children and of being continued, and the two of the C
// library's own.
const unheld: ReadonlySet<number> = new Set([
  ...faults,
  ...[numbers.SIGKILL, numbers.SIGSTOP, numbers.SIGCHLD, numbers.SIGCONT],
  ...[32, 33],
]);

/** A terminal's, which stop the stand-in as they stop the command. */
const stopping: ReadonlySet<number> = new Set([numbers.SIGTSTP, numbers.SIGTTIN, numbers.SIGTTOU]);

/** Options of spawn that take a program to see to them. */
const unavailable = [
  'stdio',
  'serialization',
  'maxMessage',
  'terminal',
  'timeout',
  'killSignal',
  'signal',
] as const satisfies readonly (keyof SpawnOptions)[];

/** Options of {@link become}: those of spawn that are done with when the command runs. */
export interface BecomeOptions extends Omit<SpawnOptions, (typeof unavailable)[number]> {
  /** Signals that the command gets when this process does; others have no effect. Default: all. */
  forwardSignals?: readonly (SignalName | number)[];
  /** What the process is called from then on, as its arguments. Default: `['ns']`. */
  title?: readonly string[];
  /**
   * The last that this program does: is called with the command's process id (with an init, the
   * init's) when the command runs. If it throws, the command is killed.
   */
  onLeave?: (pid: number) => void;
}

/** What is decided about the end of this program. */
interface Leaving {
  /** Set of the signals that the command gets. */
  readonly forward: bigint;
  readonly title: readonly string[];
  readonly onLeave: ((pid: number) => void) | undefined;
}

function setOf(signals: Iterable<number>): bigint {
  let set = 0n;
  for (const signal of signals) set |= 1n << BigInt(signal - 1);
  return set;
}

/** Signals that must not be lost while the command is started. */
const heldSignals = Array.from({ length: LAST_SIGNAL }, (_, i) => i + 1).filter(
  (signal) => !unheld.has(signal),
);

// What the kernel reads in execve. Being reachable from here, it outlives the call.
const memory: ArrayBufferView[] = [];

/** Address of a list of texts, as execve(2) takes it. */
function textsOf(texts: readonly string[]): bigint {
  const strings = texts.map(cString);
  const list = BigUint64Array.from([...strings.map(addressOf), 0n]);
  memory.push(...strings, list);
  return addressOf(list);
}

/** Leaves the child to the stand-in; on failure the child is ended. */
function leave({ pid, pidfd, report }: Running, { forward, title, onLeave }: Leaving): never {
  let runner = -1;
  try {
    runner = openRunner();
    onLeave?.(pid);
    const orders = `NS_STAND_IN=${pid},${forward},${report + 1}`;
    if (report >= 0) syscall('fcntl', report, F.SETFD, 0);
    const error = -rawBecome(runner, textsOf(title), textsOf([orders]));
    throw new SystemError(error, 'execveat', ['ns-init', title, orders]);
  } catch (error) {
    memory.length = 0;
    if (runner >= 0) closeFd(runner);
    trySyscall('pidfd_send_signal', pidfd, SIGKILL, null, 0);
    reap(pidfd);
    closeFd(pidfd);
    if (report >= 0) closeFd(report);
    throw error;
  }
}

function checkBecome(
  command: string,
  args: readonly string[],
  given: BecomeOptions,
): { checked: CheckedSpawn; leaving: Leaving } {
  const { forwardSignals, title = ['ns'], onLeave, ...options } = ownOptions(given);
  for (const name of unavailable) {
    if (Object.hasOwn(options, name))
      throw new TypeError(`${name}: nothing of this program stays to see to it`);
  }
  const checked = checkSpawn(command, args, { ...options, stdio: 'inherit' });
  const chosen = forwardSignals?.map((signal, i) => signalNumber(signal, `forwardSignals[${i}]`));
  const forward = setOf(chosen ?? heldSignals.filter((signal) => !stopping.has(signal)));
  for (const text of title) cString(text);
  if (onLeave !== undefined && typeof onLeave !== 'function') {
    throw new TypeError(`onLeave must be a function: ${String(onLeave)}`);
  }
  if (!isMainThread) throw new Error('become() is for the main thread: a Worker is no process');
  return { checked, leaving: { forward, title, onLeave } };
}

/**
 * Starts a command in namespaces, as {@link spawn} does, with this process's stdio, and ends this
 * program: the process goes on as a small native one (less than 2 MB) that waits for the command.
 * Nothing after the call runs, no `exit` handler either. The process stays what it was for others:
 * its pid, parent and session. It passes signals on to the command, stops if the command stops, and
 * ends as the command does: by its exit code, or by the same signal.
 *
 * @returns never; on failure the program goes on
 * @throws {TypeError | RangeError} for wrong arguments, before any system call
 * @throws {SystemError} as spawn; and if the process cannot be replaced, when the command is killed
 * @see execve(2), unshare(1), nsenter(1)
 */
export async function become(
  command: string,
  args: readonly string[] = [],
  options: BecomeOptions = {},
): Promise<never> {
  const { checked, leaving } = checkBecome(command, args, options);
  // From here on a signal must not end this process and leave the command alone, nor be lost.
  rawHoldSignals(setOf(heldSignals) | (leaving.forward & setOf(faults)));
  try {
    return leave(await launchHere(draft(checked)), leaving);
  } catch (error) {
    rawReleaseSignals();
    throw error;
  }
}
