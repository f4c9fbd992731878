// Drives the steps that make a child: asynchronously, so that nothing blocks the event loop, or
// synchronously. On failure, everything that was made is undone.
import { constants } from 'node:fs';
import { callEnd, timeoutError } from '../contract/call-end.js';
import type { Rollback } from '../contract/rollback.js';
import { assertOwners } from '../namespaces/owners.js';
import { isAway } from '../namespaces/thread-namespaces.js';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT, CLONE } from '../sys/flags.js';
import { rawSpawn, rawSpawnAsync, rawWatch } from '../sys/native.js';
import { syscall } from '../sys/syscall.js';
import { waitUntilReadable } from '../sys/wait.js';
import type { Child } from './child.js';
import { Duplicates } from './duplicates.js';
import { killAndReap } from './kill-and-reap.js';
import type { ChildPlan } from './plan.js';
import { openStdio, openTerminalStdio, type Stdio } from './stdio.js';
import { type Launched, launchSteps, type Steps, type Wait } from './steps.js';

/** A child that runs, with our ends of its descriptors. */
export interface Running extends Launched {
  readonly stdio: Stdio;
}

/**
 * Milliseconds that a synchronous call waits for a child that only runs the caller's program. A container
 * that the child has joined can stop it, and must not stop the caller with it (SECURITY.md S6).
 */
export const OWN_RUNNER = 10_000;

/** Milliseconds that a call which has ended waits for a clone: before it kills the child, and after. */
const CLONE_PATIENCE = 1000;
/** Milliseconds between two attempts to kill a child whose clone is under way. */
const KILL_INTERVAL = 5;

function openCgroup(plan: ChildPlan, rollback: Rollback): ChildPlan {
  const { cgroup } = plan.child;
  if (cgroup === undefined) return plan;
  let fd = cgroup;
  if (typeof fd === 'string') {
    const opened = syscall('openat', AT.FDCWD, fd, O_PATH | constants.O_DIRECTORY | O_CLOEXEC, 0);
    rollback.always(() => closeFd(opened));
    fd = opened;
  }
  const flags = plan.clone.flags + CLONE.INTO_CGROUP;
  return { ...plan, clone: { ...plan.clone, flags, cgroup: fd } };
}

/**
 * Throws if the command would be a program that a stranger chooses, run with the caller's ids: in a
 * mount namespace of another user namespace than the command's (SECURITY.md S1).
 */
function assertPrograms({ command, handles, trustMounts }: Child): void {
  if (command === undefined || trustMounts || !handles.some(({ type }) => type === 'mount')) return;
  assertOwners(handles.filter(({ type }) => type === 'mount' || type === 'user'));
}

/** @param later whether the clone happens after the call has returned to its caller */
function begin(
  wanted: ChildPlan,
  later: boolean,
): { stdio: Stdio; rollback: Rollback; steps: Steps } {
  const { rollback } = wanted;
  try {
    assertPrograms(wanted.child);
    const opened = openCgroup(wanted, rollback);
    const duplicates = later ? new Duplicates(rollback) : undefined;
    const plan = duplicates ? duplicates.plan(opened) : opened;
    const take = (fd: number) => duplicates?.number(fd) ?? fd;
    const { stdio: items, passFds, terminal } = plan.child;
    const stdio = terminal
      ? openTerminalStdio(terminal, passFds, take)
      : openStdio(items, passFds, take);
    rollback.add(() => stdio.closeAll());
    return { stdio, rollback, steps: launchSteps(plan, stdio, rollback) };
  } catch (error) {
    rollback.undoFailed();
    throw error;
  }
}

/** Settles when the action does, or rejects as soon as the call ends. */
function unlessEnded<T>(
  end: AbortSignal | undefined,
  start: (
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) => (() => void) | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let stop: (() => void) | undefined;
    const finish = () => {
      end?.removeEventListener('abort', onEnd);
      stop?.();
    };
    const onEnd = () => {
      finish();
      reject(end?.reason);
    };
    if (end?.aborted) {
      reject(end.reason);
      return;
    }
    end?.addEventListener('abort', onEnd, { once: true });
    stop = start(
      (value) => {
        finish();
        resolve(value);
      },
      (error) => {
        finish();
        reject(error);
      },
    );
  });
}

function readable(fd: number, end: AbortSignal | undefined): Promise<void> {
  return unlessEnded(end, (resolve) => {
    const watch = rawWatch(fd, { readable: true, disconnect: true }, () => resolve());
    return () => watch.close();
  });
}

/**
 * Waits for a clone, which is short, unless the kernel holds the child up: in a frozen cgroup, or in
 * the exec of a file on FUSE. If the call ends meanwhile, such a child is killed.
 *
 * @returns undefined if the child had to be killed, or was not made in time: the pool may be busy
 */
async function cloned(
  clone: Promise<number>,
  kill: () => void,
  end: AbortSignal,
): Promise<number | undefined> {
  const timers: NodeJS.Timeout[] = [];
  let isKilled = false;
  let onEnd = () => {};
  const late = new Promise<undefined>((resolve) => {
    onEnd = () => {
      const killing = setTimeout(() => {
        isKilled = true;
        timers.push(setInterval(kill, KILL_INTERVAL));
        timers.push(setTimeout(() => resolve(undefined), CLONE_PATIENCE));
      }, CLONE_PATIENCE);
      timers.push(killing);
    };
  });
  end.addEventListener('abort', onEnd, { once: true });
  try {
    const pid = await Promise.race([clone, late]);
    return isKilled ? undefined : pid;
  } finally {
    // What tells of the child is the memory of its job, which does not outlive the start.
    end.removeEventListener('abort', onEnd);
    timers.forEach(clearTimeout);
  }
}

/** Takes back what comes of a clone for which the call does not wait any more. */
async function takeBack(clone: Promise<number>, steps: Steps, rollback: Rollback): Promise<void> {
  try {
    const state = steps.next(await clone);
    if (state.done) killAndReap(state.value.pidfd);
  } catch {
    // It came to nothing, and the call has its error already.
  }
  await rollback.undoFailed();
}

async function answer(
  wait: Exclude<Wait, { kind: 'clone' }>,
  end: AbortSignal | undefined,
): Promise<number> {
  if (wait.kind === 'readable') await readable(wait.fd, end);
  else {
    await unlessEnded<void>(end, (resolve, reject) => {
      Promise.resolve().then(wait.run).then(resolve, reject);
      return undefined;
    });
  }
  return 0;
}

/**
 * Makes the child without blocking the event loop.
 *
 * @param timeout milliseconds, from now on, that the start may take; 0 for no limit
 */
export async function launch(plan: ChildPlan, timeout = 0): Promise<Running> {
  // A thread of the pool is at home: it does not see where this thread has gone.
  const away = isAway();
  const { stdio, rollback, steps } = begin(plan, !away);
  const { signal: end, close } = callEnd(plan.child.signal, timeout);
  let isTakenBack = false;
  try {
    let state = steps.next();
    while (!state.done) {
      const wait = state.value;
      if (wait.kind !== 'clone') {
        state = steps.next(await answer(wait, end));
        continue;
      }
      if (away) {
        state = steps.next(Number(rawSpawn(wait.job)));
        continue;
      }
      const clone = rawSpawnAsync(wait.job).then(Number);
      const pid = end ? await cloned(clone, wait.kill, end) : await clone;
      if (pid === undefined) {
        // What the clone uses must stay until it is over.
        isTakenBack = true;
        takeBack(clone, steps, rollback);
        throw end?.reason;
      }
      state = steps.next(pid);
    }
    rollback.finish();
    return { ...state.value, stdio };
  } catch (error) {
    if (!isTakenBack) await rollback.undoFailed();
    throw error;
  } finally {
    close();
  }
}

/** Makes the child on the calling thread, whose child it then is; lets the event loop run only for meetings. */
export async function launchHere(plan: ChildPlan): Promise<Running> {
  const { stdio, rollback, steps } = begin(plan, false);
  try {
    let state = steps.next();
    while (!state.done) {
      const wait = state.value;
      if (wait.kind === 'action') await wait.run();
      state = steps.next(wait.kind === 'clone' ? Number(rawSpawn(wait.job)) : 0);
    }
    rollback.finish();
    return { ...state.value, stdio };
  } catch (error) {
    await rollback.undoFailed();
    throw error;
  }
}

function answerSync(wait: Wait, left: () => number): number {
  if (wait.kind === 'clone') return Number(rawSpawn(wait.job));
  if (wait.kind === 'action') {
    const done = wait.run();
    if (done instanceof Promise) {
      // The child is ended now, whatever becomes of the step.
      done.catch(() => {});
      throw new TypeError('a namespace here needs an asynchronous step: use spawn or run');
    }
    return 0;
  }
  return Number(waitUntilReadable(wait.fd, left()));
}

/**
 * Makes the child; blocks the thread meanwhile.
 *
 * @param timeout milliseconds, from now on, that the start may take; 0 for no limit
 */
export function launchSync(plan: ChildPlan, timeout = 0): Running {
  const deadline = timeout === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  const left = () => deadline - performance.now();
  const { stdio, rollback, steps } = begin(plan, false);
  try {
    let state = steps.next();
    while (!state.done) {
      const result = answerSync(state.value, left);
      if (state.value.kind !== 'clone' && left() <= 0) throw timeoutError(timeout);
      state = steps.next(result);
    }
    rollback.finish();
    return { ...state.value, stdio };
  } catch (error) {
    rollback.undoFailed();
    throw error;
  }
}
