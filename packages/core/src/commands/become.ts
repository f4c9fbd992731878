// become(): a command in namespaces, for which this process is nothing but a stand-in from then on.

import { constants } from 'node:os';
import type { CommandChild } from '../child/child.js';
import { launchHere, type Running } from '../child/launch.js';
import type { SpawnOptions } from '../child/options.js';
import { commandChild, noSpawnOptions, spawnMembers } from '../child/parse.js';
import { planChild } from '../child/plan.js';
import { openRunner } from '../child/runner.js';
import type { Members } from '../contract/options.js';
import * as parse from '../contract/parse.js';
import { closeFd } from '../sys/fd.js';
import { F } from '../sys/flags.js';
import {
  addressOf,
  isMainThread,
  rawBecome,
  rawHoldSignals,
  rawReleaseSignals,
} from '../sys/native.js';
import type { SignalName } from '../sys/signals.js';
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

// Signals that cannot be blocked, SIGCHLD, SIGCONT, and the two reserved by libc.
const unheld: ReadonlySet<number> = new Set([
  ...faults,
  ...[numbers.SIGKILL, numbers.SIGSTOP, numbers.SIGCHLD, numbers.SIGCONT],
  ...[32, 33],
]);

/** A terminal's, which stop the stand-in as they stop the command. */
const stopping: ReadonlySet<number> = new Set([numbers.SIGTSTP, numbers.SIGTTIN, numbers.SIGTTOU]);

/** Options of spawn that need a parent while the command runs. */
type Unavailable =
  | 'stdio'
  | 'serialization'
  | 'maxMessage'
  | 'terminal'
  | 'timeout'
  | 'killSignal'
  | 'signal';

/** Options of {@link become}: those of spawn that need no parent once the command runs. */
export interface BecomeOptions extends Omit<SpawnOptions, Unavailable> {
  /** Signals that are forwarded to the command; others have no effect. Default: all. */
  forwardSignals?: readonly (SignalName | number)[] | undefined;
  /** The arguments of the stand-in, as ps(1) shows them. Default: `['ns']`. */
  title?: readonly string[] | undefined;
  /**
   * Called as the last step of this program, with the process id of the command (with an init, of the
   * init). If it throws, the command is killed.
   */
  onLeave?: ((pid: number) => void) | undefined;
}

const {
  stdio: _stdio,
  serialization: _serialization,
  maxMessage: _maxMessage,
  ...rest
} = spawnMembers;
const {
  terminal: _terminal,
  timeout: _timeout,
  killSignal: _kill,
  signal: _signal,
  ...members
} = rest;

const parseOptions = parse.options({
  ...members,
  forwardSignals: parse.list(parse.signal),
  title: parse.withDefault(parse.list(parse.text), ['ns']),
  onLeave: parse.callback<NonNullable<BecomeOptions['onLeave']>>(),
} satisfies Members<BecomeOptions>);

/** The end of this program. */
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
    throw new SystemError(error, 'execveat', ['ns-runner', title, orders]);
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

function parseBecome(
  command: unknown,
  args: unknown,
  options: unknown,
): { child: CommandChild; leaving: Leaving } {
  const { forwardSignals, title, onLeave, ...spawned } = parseOptions(options);
  const inherited = ['inherit', 'inherit', 'inherit'] as const;
  const child = commandChild(command, args, { ...noSpawnOptions, ...spawned }, inherited);
  const forward = setOf(forwardSignals ?? heldSignals.filter((signal) => !stopping.has(signal)));
  if (!isMainThread) throw new Error('cannot become a command: a Worker is not a process');
  return { child, leaving: { forward, title, onLeave } };
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
  const { child, leaving } = parseBecome(command, args, options);
  // From here on a signal must not end this process and leave the command alone, nor be lost.
  rawHoldSignals(setOf(heldSignals) | (leaving.forward & setOf(faults)));
  try {
    return leave(await launchHere(planChild(child)), leaving);
  } catch (error) {
    rawReleaseSignals();
    throw error;
  }
}
