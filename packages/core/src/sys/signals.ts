// Names and numbers of signals.
import { constants } from 'node:os';

// Of two names for a number (SIGABRT, SIGIOT) the first is the usual one.
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** Name of a signal number; real-time signals, which Node does not name, as SIGRTMIN+n. */
export function signalName(number: number): NodeJS.Signals {
  return signalNames.get(number) ?? (`SIGRTMIN+${number - 34}` as NodeJS.Signals);
}

/** Number of a signal given by name, in upper or lower case, or number. */
export function signalNumber(signal: NodeJS.Signals | number, name = 'signal'): number {
  const number =
    typeof signal === 'string' ? constants.signals[signal.toUpperCase() as NodeJS.Signals] : signal;
  if (number === undefined) throw new TypeError(`${name}: unknown signal: ${signal}`);
  if (!Number.isInteger(number) || number < 0 || number > 64) {
    throw new RangeError(`${name} must be a signal number from 0 to 64: ${signal}`);
  }
  return number;
}
