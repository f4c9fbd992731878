// The end of a child that is not wanted any more. It is killed; a call into what a stranger serves
// (FUSE) can keep a killed process in the kernel, so the wait for it has an end (SECURITY.md S6). And a
// process that traces the child gets its status first: until the tracer takes it, the parent cannot reap
// the child, whose pidfd is readable all the time. Such a pidfd is never watched.
import { closeFd, duplicate } from '../sys/fd.js';
import { rawWatch } from '../sys/native.js';
import { trySyscall } from '../sys/syscall.js';
import { type Exit, reapIfEnded, reapPidIfEnded, waitUntilReadable } from '../sys/wait.js';
import { unknownExit } from './stop-reason.js';

const SIGKILL = 9;

/** Milliseconds that a call waits for a killed child, and for the tracer of one that has ended. */
const PATIENCE = 1000;
/** Milliseconds between two looks at a child without a pidfd: during a call, and later. */
const INTERVALS = { first: 0.1, last: 8, later: 1000 };

/** Returns true if a child has been reaped or cannot be: an error here has no call to report it to. */
function isOver(reap: () => Exit | undefined): boolean {
  try {
    return reap() !== undefined;
  } catch {
    return true;
  }
}

/** Looks for the end of a child now and then. Keeps no event loop alive. */
function reapByTimer(reap: () => Exit | undefined, done: () => void): void {
  const timer = setInterval(() => {
    if (!isOver(reap)) return;
    clearInterval(timer);
    done();
  }, INTERVALS.later);
  timer.unref();
}

/** Reaps the child as soon as it has ended, and closes the pidfd. Keeps no event loop alive. */
export function reapLater(pidfd: number): void {
  const reap = () => reapIfEnded(pidfd);
  const done = () => closeFd(pidfd);
  const watch = rawWatch(pidfd, { readable: true }, () => {
    watch.close();
    if (isOver(reap)) done();
    else reapByTimer(reap, done);
  });
  watch.unref();
}

/** Leaves a child that its tracer does not let go to later. */
function leaveToTracer(pidfd: number): Exit {
  reapLater(duplicate(pidfd));
  return unknownExit;
}

/**
 * Reaps a child whose pidfd has become readable. If a tracer keeps it for a second, its exit is
 * {@link unknownExit}, and it is reaped later. The pidfd stays the caller's, and open until then.
 *
 * @returns stops the wait
 */
export function reapEnded(pidfd: number, then: (exit: Exit) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const look = (waited: number, interval: number) => {
    const exit = reapIfEnded(pidfd) ?? (waited > PATIENCE ? leaveToTracer(pidfd) : undefined);
    if (exit) then(exit);
    else timer = setTimeout(look, interval, waited + interval, Math.min(2 * interval, 50));
  };
  look(0, 1);
  return () => clearTimeout(timer);
}

function reapInTime(reap: () => Exit | undefined): Exit | undefined {
  let interval = INTERVALS.first;
  for (let waited = 0; waited <= PATIENCE; waited += interval) {
    const exit = reap();
    if (exit) return exit;
    waitUntilReadable(-1, interval);
    interval = Math.min(2 * interval, INTERVALS.last);
  }
  return undefined;
}

/** {@link reapEnded}, blocking the thread. */
export function reapEndedSync(pidfd: number): Exit {
  return reapInTime(() => reapIfEnded(pidfd)) ?? leaveToTracer(pidfd);
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

/** Kills and reaps a child by its pid, which stays its own until it is reaped. For kernels without pidfds. */
export function killAndReapPid(pid: number): Exit | undefined {
  trySyscall('kill', pid, SIGKILL);
  const reap = () => reapPidIfEnded(pid);
  const exit = reapInTime(reap);
  if (!exit) reapByTimer(reap, () => {});
  return exit;
}
