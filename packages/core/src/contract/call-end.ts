// The end of a call that its caller has set: a time, an abort, or both. It counts from the start of
// the call, so that it holds for every wait on the way (SECURITY.md S5).
import { abortError } from './abort.js';
import { LONGEST_WAIT } from './units.js';

const brand = Symbol('timeout of a start');

/** The error of a child that has not come to its command in time. */
export function timeoutError(milliseconds: number): Error {
  const error = new Error(
    `cannot start the child: it was not ready within ${milliseconds} ms, and was killed`,
  );
  return Object.assign(error, { code: 'ETIMEDOUT', [brand]: true });
}

/** True for an error of {@link timeoutError}. */
export function isStartTimeout(error: unknown): boolean {
  return error instanceof Error && Object.hasOwn(error, brand);
}

/** Milliseconds that a start may take beyond the timeout of its command. */
const START_GRACE = 1000;

/**
 * Time that the start of a command may take. A slow start, on a busy machine, shall not be taken for
 * one that is held up: a command that starts late still ends by its `killSignal`.
 *
 * @param timeout of the command, in milliseconds; 0 for none
 */
export function startLimit(timeout: number): number {
  return timeout === 0 ? 0 : Math.min(timeout + START_GRACE, LONGEST_WAIT);
}

/** The end of one call. */
export interface CallEnd {
  /** Aborts at the end of the call, with the error of the call as its reason. */
  readonly signal: AbortSignal | undefined;
  /** Lets go of the timer and of the caller's signal. */
  close(): void;
}

const never: CallEnd = { signal: undefined, close: () => {} };

/**
 * Starts the time of a call.
 *
 * @param timeout in milliseconds; 0 for none
 * @param timedOut returns the error of a call whose time is over
 */
export function callEnd(
  signal: AbortSignal | undefined,
  timeout: number,
  timedOut: (milliseconds: number) => Error = timeoutError,
): CallEnd {
  if (!signal && timeout === 0) return never;
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortError(signal as AbortSignal));
  const timer =
    timeout === 0 ? undefined : setTimeout(() => controller.abort(timedOut(timeout)), timeout);
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    close: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
