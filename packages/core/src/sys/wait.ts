// Exit of children: waitid(2) on a pidfd, with resource usage.

import { closeFd } from './fd.js';
import { signalName } from './signals.js';
import { trySyscall } from './syscall.js';
import { isSystemError, SystemError } from './system-error.js';

const P_PIDFD = 3;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x100_0000;
/** Also children whose exit signal is not SIGCHLD: ours, until they exec. */
const WALL = 0x4000_0000;
const EINTR = 4;
const POLLIN = 1;
const CLD_EXITED = 1;
const CLD_DUMPED = 3;

/** The end of a process, and the resources that it used. */
export interface Exit {
  /** Exit code, or null if a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
  /** True if it left a core dump. */
  readonly coreDumped: boolean;
  /** Resources that it and its waited-for children used. */
  readonly resourceUsage: ResourceUsage;
}

/** Resource usage of an ended process. @see getrusage(2) */
export interface ResourceUsage {
  /** User CPU time in microseconds. */
  readonly userCPUTime: number;
  /** System CPU time in microseconds. */
  readonly systemCPUTime: number;
  /** Largest resident set in KiB. */
  readonly maxRSS: number;
  readonly minorPageFault: number;
  readonly majorPageFault: number;
  readonly fsRead: number;
  readonly fsWrite: number;
  readonly voluntaryContextSwitches: number;
  readonly involuntaryContextSwitches: number;
}

/** The end of a process, without its resources. */
export type ExitStatus = Omit<Exit, 'resourceUsage'>;

/** Code and signal of a status as wait4(2) gives it. */
export function decodeStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0
    ? { code: (status >> 8) & 0xff, signal: null, coreDumped: false }
    : { code: null, signal: signalName(signal), coreDumped: (status & 0x80) !== 0 };
}

function decodeUsage(usage: DataView): ResourceUsage {
  const field = (index: number) => Number(usage.getBigInt64(index * 8, true));
  return {
    userCPUTime: field(0) * 1e6 + field(1),
    systemCPUTime: field(2) * 1e6 + field(3),
    maxRSS: field(4),
    minorPageFault: field(8),
    majorPageFault: field(9),
    fsRead: field(11),
    fsWrite: field(12),
    voluntaryContextSwitches: field(16),
    involuntaryContextSwitches: field(17),
  };
}

function wait(kind: number, id: number, flags: number): Exit | undefined {
  const info = new DataView(new ArrayBuffer(128));
  const usage = new DataView(new ArrayBuffer(144));
  const args = [kind, id, info, WEXITED | WALL | flags, usage] as const;
  let result: number;
  do result = trySyscall('waitid', ...args);
  while (result === -EINTR);
  if (result < 0) throw new SystemError(-result, 'waitid', args);
  if (info.getInt32(0, true) === 0) return undefined; // still running
  const how = info.getInt32(8, true);
  const status = info.getInt32(24, true);
  return {
    code: how === CLD_EXITED ? status : null,
    signal: how === CLD_EXITED ? null : signalName(status),
    coreDumped: how === CLD_DUMPED,
    resourceUsage: decodeUsage(usage),
  };
}

/** Returns the status of an ended child behind a pidfd without reaping it; undefined if it is not a child. */
export function statusIfEnded(pidfd: number): ExitStatus | undefined {
  try {
    const exit = wait(P_PIDFD, pidfd, WNOHANG | WNOWAIT);
    if (exit === undefined) return undefined;
    const { resourceUsage: _, ...status } = exit;
    return status;
  } catch (error) {
    if (isSystemError(error, 'ECHILD')) return undefined;
    throw error;
  }
}

/** Reaps the child behind a pidfd if it has ended. */
export function reapIfEnded(pidfd: number): Exit | undefined {
  return wait(P_PIDFD, pidfd, WNOHANG);
}

/** Waits for the child behind a pidfd and reaps it. Blocks the thread. */
export function reap(pidfd: number): Exit {
  return wait(P_PIDFD, pidfd, 0) as Exit;
}

/** The same, and closes the pidfd, whether the child could be reaped or not. */
export function reapAndClose(pidfd: number): Exit {
  try {
    return reap(pidfd);
  } finally {
    closeFd(pidfd);
  }
}

/** Reaps a child by its pid if it has ended. */
export function reapPidIfEnded(pid: number): Exit | undefined {
  return wait(P_PID, pid, WNOHANG);
}

/**
 * Waits until a descriptor is readable, or its other end is closed. Blocks the thread.
 *
 * @param fd -1 only waits
 * @param milliseconds at most that long; may be infinite
 * @returns false if the time was over first
 */
export function waitUntilReadable(fd: number, milliseconds: number): boolean {
  const deadline = performance.now() + milliseconds;
  const set = new DataView(new ArrayBuffer(8));
  set.setInt32(0, fd, true);
  set.setInt16(4, POLLIN, true);
  for (;;) {
    const left = Math.max(0, deadline - performance.now());
    const result = trySyscall('ppoll', set, 1, timespec(left), null, 0);
    if (result !== -EINTR) return result > 0;
  }
}

/** struct timespec for a duration; null for an infinite one. */
export function timespec(milliseconds: number): BigInt64Array | null {
  if (!Number.isFinite(milliseconds)) return null;
  const nanoseconds = BigInt(Math.ceil(milliseconds * 1e6));
  return BigInt64Array.of(nanoseconds / 1_000_000_000n, nanoseconds % 1_000_000_000n);
}

/** True if a process is a child of the caller's, ended or not. */
export function isChild(pid: number): boolean {
  const info = new Uint8Array(128);
  const flags = WEXITED | WALL | WNOHANG | WNOWAIT;
  return trySyscall('waitid', P_PID, pid, info, flags, null) === 0;
}
