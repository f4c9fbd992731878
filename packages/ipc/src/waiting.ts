// Waiting for something in an IPC namespace without blocking the event loop. System V objects
// cannot be polled, a thread of libuv's pool would be lost to everybody else while it waits, and it
// is in the wrong namespace: so a child waits, which can be ended at any time.
import { isSystemError, Namespace, SystemError } from '@ns/core';
import {
  assertKeys,
  type Call,
  ownOptions,
  Program,
  type ProgramResults,
  runProgram,
} from '@ns/core/authors';
import { assertInteger } from './arguments.js';
import type { InOptions } from './target.js';

/** How long to wait. */
export interface WaitOptions {
  /** Ends the waiting with an AbortError. */
  signal?: AbortSignal;
  /** Milliseconds after which the waiting ends with an error of code ETIMEDOUT. Default: never. */
  timeout?: number;
}

const EIDRM = 43;

/**
 * Throws unless these are options for waiting, or of the `further` names, and if the signal has fired
 * already.
 */
export function checkWait(options: WaitOptions, further: readonly string[] = []): void {
  assertKeys(options, [...further, 'signal', 'timeout'], 'options');
  const { signal, timeout } = ownOptions(options);
  if (timeout !== undefined) assertInteger(timeout, 'timeout', 0, 0x7fff_ffff);
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal: ${String(signal)}`);
  }
  if (signal.aborted) throw abortError(signal);
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

function timeoutError(timeout: number): Error {
  const error = new Error(`nothing happened within ${timeout} ms`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}

/**
 * Waits until `done` is called, the signal fires or the time is over.
 *
 * @param start begins the waiting and returns what ends it
 */
export function waitUntil(
  start: (done: () => void) => () => void,
  options: WaitOptions,
): Promise<void> {
  const { signal, timeout } = ownOptions(options);
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stop();
      settle();
    };
    const onAbort = () => end(() => reject(abortError(signal as AbortSignal)));
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => end(() => reject(timeoutError(timeout))), timeout);
    signal?.addEventListener('abort', onAbort, { once: true });
    const stop = start(() => end(resolve));
  });
}

/** What a child joins to be where the caller means, and what to close afterwards. */
function joinsFor(target: InOptions['in']): { joins: Namespace[]; opened: Namespace[] } {
  const opened: Namespace[] = [];
  const own = (namespace: Namespace) => {
    opened.push(namespace);
    return namespace;
  };
  try {
    const handle =
      target === undefined
        ? own(Namespace.current('ipc'))
        : typeof target === 'number'
          ? own(Namespace.of(target, 'ipc'))
          : target;
    // A child is where the process is, not where this thread may have gone.
    if (handle.equals(own(Namespace.of('self', 'ipc')))) return { joins: [], opened };
    const owner = handle.owner();
    if (!owner) return { joins: [handle], opened };
    const isOurs = own(owner).equals(own(Namespace.current('user')));
    return { joins: isOurs ? [handle] : [owner, handle], opened };
  } catch (error) {
    for (const namespace of opened) namespace.close();
    throw error;
  }
}

/**
 * Makes one call that waits, in a child, and gives its results.
 *
 * @param build adds the call
 */
export async function waitFor(
  target: InOptions['in'],
  build: (program: Program) => Call,
  options: WaitOptions,
): Promise<{ call: Call; results: ProgramResults }> {
  const { signal, timeout } = ownOptions(options);
  const program = new Program();
  program.meet(() => {}); // in memory of its own, so that no thread waits with the child
  const call = build(program);
  const { joins, opened } = joinsFor(target);
  const ending = new AbortController();
  const onAbort = () => ending.abort(abortError(signal as AbortSignal));
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => ending.abort(timeoutError(timeout)), timeout);
  try {
    const child = { namespaces: joins, signal: ending.signal };
    return { call, results: await runProgram(program, child) };
  } catch (error) {
    if (ending.signal.aborted) throw ending.signal.reason;
    // The object was there when the caller tried without waiting, so it has gone since. Who waits in
    // the kernel already is told EIDRM, and so is who was on the way there.
    if (isSystemError(error, 'EINVAL') && error.syscall === call.name) {
      throw new SystemError(EIDRM, error.syscall, error.args, { step: 'waiting', cause: error });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    for (const namespace of opened) namespace.close();
  }
}
