// The end of a child that is not wanted any more. It is killed; a call into what a stranger serves
// (FUSE) can keep a killed process in the kernel, so the wait for it has an end (SECURITY.md S6).
import { closeFd } from '../sys/fd.js';
import { rawWatch } from '../sys/native.js';
import { trySyscall } from '../sys/syscall.js';
import { type Exit, reapIfEnded, reapPidIfEnded, waitUntilReadable } from '../sys/wait.js';

const SIGKILL = 9;

/** Milliseconds that the thread waits for a killed child. */
const PATIENCE = 1000;
/** Milliseconds between two looks at a child that has no pidfd: while the thread waits, and later. */
const INTERVALS = { first: 0.1, last: 8, later: 1000 };

/** True when a child has been reaped, or cannot be: there is no call left to report that to. */
function isOver(reap: () => Exit | undefined): boolean {
  try {
    return reap() !== undefined;
  } catch {
    return true;
  }
}

/** Reaps the child as soon as it has ended, and closes the pidfd. Keeps no event loop alive. */
export function reapLater(pidfd: number): void {
  const watch = rawWatch(pidfd, { readable: true }, () => {
    if (!isOver(() => reapIfEnded(pidfd))) return;
    watch.close();
    closeFd(pidfd);
  });
  watch.unref();
}

/**
 * Kills the child behind a pidfd, reaps it and closes the pidfd. Blocks the thread for a moment, a
 * second at most; a child that the kernel does not let go by then is reaped later.
 *
 * @returns how it ended; undefined if that is not known yet
 */
export function killAndReap(pidfd: number): Exit | undefined {
  trySyscall('pidfd_send_signal', pidfd, SIGKILL, null, 0);
  waitUntilReadable(pidfd, PATIENCE);
  let isRunning = false;
  try {
    const exit = reapIfEnded(pidfd);
    isRunning = exit === undefined;
    return exit;
  } finally {
    if (isRunning) reapLater(pidfd);
    else closeFd(pidfd);
  }
}

/** The same by the number of a child, which is its own until it is reaped: where there is no pidfd. */
export function killAndReapPid(pid: number): Exit | undefined {
  trySyscall('kill', pid, SIGKILL);
  let interval = INTERVALS.first;
  for (let waited = 0; waited <= PATIENCE; waited += interval) {
    const exit = reapPidIfEnded(pid);
    if (exit) return exit;
    waitUntilReadable(-1, interval);
    interval = Math.min(2 * interval, INTERVALS.last);
  }
  const timer = setInterval(() => {
    if (isOver(() => reapPidIfEnded(pid))) clearInterval(timer);
  }, INTERVALS.later);
  timer.unref();
  return undefined;
}
