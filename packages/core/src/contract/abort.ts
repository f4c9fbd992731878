// Aborts by an AbortSignal, in Node's manner: an AbortError whose `cause` is the signal's reason.

/** Returns the error of an aborted operation. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

/** Throws an AbortError if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/**
 * Calls back with an AbortError when the signal fires; at once if it has.
 *
 * @returns stops listening
 */
export function onAbort(
  signal: AbortSignal | undefined,
  callback: (error: Error) => void,
): () => void {
  if (!signal) return () => {};
  const listener = () => callback(abortError(signal));
  if (signal.aborted) {
    listener();
    return () => {};
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
