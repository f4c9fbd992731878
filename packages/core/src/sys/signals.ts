// Names and numbers of signals: those of Node.js, and the real-time signals, which it does not name.
import { constants } from 'node:os';

/** The name of a real-time signal: `SIGRTMIN+3`, `SIGRTMAX-1`. */
export type RealTimeSignal = 'SIGRTMIN' | 'SIGRTMAX' | `SIGRTMIN+${number}` | `SIGRTMAX-${number}`;

/** The name of a signal. */
export type SignalName = NodeJS.Signals | RealTimeSignal;

/** First real-time signal that programs may use: the C library keeps 32 and 33. */
const RTMIN = 34;
const RTMAX = 64;

// Of two names for a number (SIGABRT, SIGIOT) the first is the usual one.
const names = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/**
 * Returns the name of a signal: of a real-time one `SIGRTMIN+n`, of the C library's own two `SIG32` and
 * `SIG33`. Its type is that of Node.js, so that results fit where those of child_process do.
 */
export function signalName(number: number): NodeJS.Signals {
  const name = names.get(number);
  if (name !== undefined) return name;
  const offset = number === RTMIN ? '' : `+${number - RTMIN}`;
  return (number < RTMIN ? `SIG${number}` : `SIGRTMIN${offset}`) as NodeJS.Signals;
}

function realTimeNumber(name: string): number | undefined {
  const [, end, sign, digits = '0'] = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? [];
  if (end === undefined) return undefined;
  const offset = Number(digits) * (sign === '-' ? -1 : 1);
  const number = (end === 'MIN' ? RTMIN : RTMAX) + offset;
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}

/** Returns the number of a signal's name in upper or lower case; `undefined` if there is none. */
export function findSignal(name: string): number | undefined {
  const upper = name.toUpperCase();
  if (Object.hasOwn(constants.signals, upper)) return constants.signals[upper as NodeJS.Signals];
  return upper === 'SIG32' || upper === 'SIG33' ? Number(upper.slice(3)) : realTimeNumber(upper);
}

/**
 * Returns the number of a signal that is given by its name, in upper or lower case, or by its number.
 * The names that {@link signalName} returns are accepted.
 *
 * @throws {TypeError} for an unknown name
 * @throws {RangeError} for a number that is not 0 to 64
 */
export function signalNumber(signal: SignalName | number, name = 'signal'): number {
  if (typeof signal === 'string') {
    const number = findSignal(signal);
    if (number !== undefined) return number;
  }
  if (typeof signal !== 'number') {
    throw new TypeError(`${name} must be the name or number of a signal, got ${String(signal)}`);
  }
  if (!Number.isInteger(signal) || signal < 0 || signal > RTMAX) {
    throw new RangeError(`${name} must be a signal number from 0 to ${RTMAX}, got ${signal}`);
  }
  return signal;
}
