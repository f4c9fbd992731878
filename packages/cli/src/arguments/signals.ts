// Signals on the command line: by number or by name, with or without SIG.
import { findSignal } from '@ns/core/authors';
import { UsageError } from '../framework/usage-error.js';

/** Largest number of a signal. */
const LAST = 64;

/**
 * Returns the number of the signal that a text means: `15`, `TERM`, `sigterm`, `RTMIN+1`, `SIGRTMAX-2`.
 *
 * @param option long name of the option, for the error
 */
export function parseSignal(text: string, option: string): number {
  const number = /^\d{1,2}$/.test(text)
    ? Number(text)
    : (findSignal(text) ?? findSignal(`SIG${text}`));
  if (number === undefined || number < 1 || number > LAST) {
    throw new UsageError(`--${option} must be the name or number of a signal, got '${text}'`);
  }
  return number;
}
