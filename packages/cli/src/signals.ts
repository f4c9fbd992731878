// Signals on the command line: by number or by name, with or without SIG.
import { constants } from 'node:os';
import { UsageError } from './options.js';

const FIRST_REALTIME = 34;
const LAST = 64;

/** Number of a signal by its name; real-time signals are `SIGRTMIN+n`. */
export function signalNumber(signal: string): number | undefined {
  const realtime = /^SIGRTMIN\+(\d+)$/.exec(signal)?.[1];
  if (realtime !== undefined) return FIRST_REALTIME + Number(realtime);
  return Object.hasOwn(constants.signals, signal)
    ? constants.signals[signal as NodeJS.Signals]
    : undefined;
}

/** The number of the signal that a text means. */
export function signalOf(text: string, option: string): number {
  const name = text.toUpperCase();
  const number = /^\d{1,2}$/.test(text)
    ? Number(text)
    : (signalNumber(name) ?? signalNumber(`SIG${name}`));
  if (number === undefined || number < 1 || number > LAST) {
    throw new UsageError(`--${option}: there is no signal '${text}'`);
  }
  return number;
}
