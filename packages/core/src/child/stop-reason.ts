// The reasons for which a run is stopped before its end, and the time that stopping may take.
import type { Exit } from '../sys/wait.js';

/** A reason to stop a run. */
export interface StopReason {
  /** As in the error: `'ETIMEDOUT'`. */
  readonly code: string;
  readonly message: string;
  /** Reason of the signal, if an abort stopped the run. */
  readonly cause?: unknown;
}

/** The reasons, with child_process's codes. */
export const stopReasons = {
  maxBuffer: {
    code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
    message: 'it wrote more than maxBuffer allows',
  },
  timeout: { code: 'ETIMEDOUT', message: 'it took longer than timeout allows' },
  abort: { code: 'ABORT_ERR', message: 'the operation was aborted' },
} as const satisfies Record<string, StopReason>;

/**
 * Milliseconds that a command which is cut short has: from `killSignal` to SIGKILL, and from that to
 * its end. A call into what a stranger serves can keep even a killed process in the kernel.
 */
export const patience = { afterSignal: 5000, afterKill: 1000 };

/** The end of a command that the kernel has not let go in that time. */
export const unknownExit: Exit = {
  code: null,
  signal: null,
  coreDumped: false,
  resourceUsage: {
    userCPUTime: 0,
    systemCPUTime: 0,
    maxRSS: 0,
    minorPageFault: 0,
    majorPageFault: 0,
    fsRead: 0,
    fsWrite: 0,
    voluntaryContextSwitches: 0,
    involuntaryContextSwitches: 0,
  },
};

/** The end of a command that was killed before it ran. */
export const neverRan: Exit = { ...unknownExit, signal: 'SIGKILL' };
