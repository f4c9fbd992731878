// Drives the steps that make a child: asynchronously, so that nothing blocks the event loop, or
// synchronously. On failure, everything that was made is undone.
import { constants } from 'node:fs';
import { AT, CLONE } from '../flags.js';
import { isAway } from '../namespaces/place.js';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { rawSpawn, rawSpawnAsync, rawWatch } from '../sys/native.js';
import { syscall } from '../sys/syscall.js';
import type { Draft } from './plan/draft.js';
import { openStdio, openTerminalStdio, type Stdio } from './stdio.js';
import { type Launched, launchSteps, type Steps, type Wait } from './steps.js';
import type { Undo } from './undo.js';

/** A child that runs, with our ends of its descriptors. */
export interface Running extends Launched {
  readonly stdio: Stdio;
}

/** The error of an aborted operation, as Node's own. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  Object.assign(error, { code: 'ABORT_ERR' });
  return error;
}

function openCgroup(draft: Draft, undo: Undo): Draft {
  const { cgroup } = draft.options;
  if (cgroup === undefined) return draft;
  let fd = cgroup;
  if (typeof fd === 'string') {
    const opened = syscall('openat', AT.FDCWD, fd, O_PATH | constants.O_DIRECTORY | O_CLOEXEC, 0);
    undo.always(() => closeFd(opened));
    fd = opened;
  }
  const flags = draft.clone.flags + CLONE.INTO_CGROUP;
  return { ...draft, clone: { ...draft.clone, flags, cgroup: fd } };
}

function begin(wanted: Draft): { stdio: Stdio; undo: Undo; steps: Steps } {
  const { undo } = wanted;
  try {
    const { signal } = wanted.options;
    if (signal?.aborted) throw abortError(signal);
    const draft = openCgroup(wanted, undo);
    const { stdio: items, passFds, terminal } = draft.options;
    const stdio = terminal ? openTerminalStdio(terminal, passFds) : openStdio(items, passFds);
    undo.add(() => stdio.closeAll());
    return { stdio, undo, steps: launchSteps(draft, stdio, undo) };
  } catch (error) {
    undo.failed();
    throw error;
  }
}

/** Settles when the action does, or rejects as soon as the signal fires. */
function unlessAborted<T>(
  signal: AbortSignal | undefined,
  start: (
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) => (() => void) | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let stop: (() => void) | undefined;
    const end = () => {
      signal?.removeEventListener('abort', onAbort);
      stop?.();
    };
    const onAbort = () => {
      end();
      reject(abortError(signal as AbortSignal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    stop = start(
      (value) => {
        end();
        resolve(value);
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}

function readable(fd: number, signal: AbortSignal | undefined): Promise<void> {
  return unlessAborted(signal, (resolve) => {
    const watch = rawWatch(fd, { readable: true, disconnect: true }, () => resolve());
    return () => watch.close();
  });
}

async function answer(wait: Wait, signal: AbortSignal | undefined): Promise<number> {
  switch (wait.kind) {
    case 'clone': // goes through to its end; an abort is seen afterwards
      // A thread of the pool is at home: it does not see where this thread has gone.
      return Number(isAway() ? rawSpawn(wait.job) : await rawSpawnAsync(wait.job));
    case 'readable':
      await readable(wait.fd, signal);
      return 0;
    case 'action':
      await unlessAborted<void>(signal, (resolve, reject) => {
        Promise.resolve().then(wait.run).then(resolve, reject);
        return undefined;
      });
      return 0;
  }
}

/** Makes the child without blocking the event loop. */
export async function launch(draft: Draft): Promise<Running> {
  const { signal } = draft.options;
  const { stdio, undo, steps } = begin(draft);
  try {
    let state = steps.next();
    while (!state.done) {
      state = steps.next(await answer(state.value, signal));
    }
    undo.finished();
    return { ...state.value, stdio };
  } catch (error) {
    await undo.failed();
    throw error;
  }
}

/** Makes the child on the calling thread, whose child it then is; lets the event loop run only for meetings. */
export async function launchHere(draft: Draft): Promise<Running> {
  const { stdio, undo, steps } = begin(draft);
  try {
    let state = steps.next();
    while (!state.done) {
      const wait = state.value;
      if (wait.kind === 'action') await wait.run();
      state = steps.next(wait.kind === 'clone' ? Number(rawSpawn(wait.job)) : 0);
    }
    undo.finished();
    return { ...state.value, stdio };
  } catch (error) {
    await undo.failed();
    throw error;
  }
}

function answerSync(wait: Wait): number {
  if (wait.kind === 'clone') return Number(rawSpawn(wait.job));
  if (wait.kind === 'action') {
    const done = wait.run();
    if (done instanceof Promise) {
      // The child is ended now, whatever becomes of the step.
      done.catch(() => {});
      throw new TypeError('a namespace here needs an asynchronous step: use spawn or run');
    }
  }
  return 0; // the read that follows waits
}

/** Makes the child; blocks the thread meanwhile. */
export function launchSync(draft: Draft): Running {
  const { stdio, undo, steps } = begin(draft);
  try {
    let state = steps.next();
    while (!state.done) state = steps.next(answerSync(state.value));
    undo.finished();
    return { ...state.value, stdio };
  } catch (error) {
    undo.failed();
    throw error;
  }
}
