// Sizes and durations, as people write them.
import { outOfRange, type Parser, refuse } from './parser.js';

/**
 * A number of bytes: a number, or a text with a binary unit. `'64M'`, `'64MB'` and `'64MiB'` mean the
 * same; `'1.5G'` is 1.5 * 1024 ** 3.
 */
export type Size = number | string;

/** A length of time: milliseconds as a number, nanoseconds as a bigint, or a text: `'150ms'`, `'1.5s'`. */
export type Duration = number | bigint | string;

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgtpe]?)(?:i?b)?$/i;
const SIZE_UNITS = ['', 'k', 'm', 'g', 't', 'p', 'e'];

/** A size, in bytes. */
export const size: Parser<number> = (value, name) => {
  const expected = "a number of bytes or a text such as '64M'";
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? value : outOfRange(name, expected, value);
  }
  const [, digits, unit = ''] = SIZE.exec(typeof value === 'string' ? value : '') ?? [];
  if (digits === undefined) refuse(name, expected, value);
  const bytes = Math.round(Number(digits) * 1024 ** SIZE_UNITS.indexOf(unit.toLowerCase()));
  return Number.isSafeInteger(bytes) ? bytes : outOfRange(name, 'less than 8 PiB', value);
};

const DURATION = /^(-?)(\d+)(?:\.(\d{1,9}))?\s*(ns|us|µs|ms|s|min|m|h|d)$/;
const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  min: 60_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** Milliseconds as nanoseconds. The whole part and the rest are converted apart: a number cannot hold both. */
function fromMilliseconds(value: number): bigint {
  const whole = Math.floor(value);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((value - whole) * 1e6));
}

function fromText(value: string): bigint | undefined {
  const [, sign, whole, fraction = '', unit = ''] = DURATION.exec(value) ?? [];
  const factor = NANOSECONDS[unit];
  if (whole === undefined || factor === undefined) return undefined;
  const scaled = BigInt(whole + fraction.padEnd(9, '0')) * factor;
  const rounded = (scaled + 500_000_000n) / 1_000_000_000n;
  return sign === '-' ? -rounded : rounded;
}

/** A duration that may be negative, in nanoseconds. */
export const nanoseconds: Parser<bigint> = (value, name) => {
  const expected = "milliseconds, nanoseconds as a bigint, or a text such as '150ms'";
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') {
    return Number.isFinite(value) ? fromMilliseconds(value) : outOfRange(name, expected, value);
  }
  const parsed = typeof value === 'string' ? fromText(value) : undefined;
  return parsed ?? refuse(name, expected, value);
};

/** A duration that is not negative, in whole microseconds. */
export const microseconds: Parser<number> = (value, name) => {
  const result = nanoseconds(value, name);
  if (result < 0n) outOfRange(name, 'a duration that is not negative', value);
  return Number((result + 500n) / 1000n);
};

/** Milliseconds that a timer of Node.js can wait; with more it would not wait at all. */
export const LONGEST_WAIT = 2 ** 31 - 1;

/** A time to wait, in milliseconds: at most 24.8 days. `Infinity`, or 0, sets no limit. */
export const timeout: Parser<number> = (value, name) => {
  if (value === Number.POSITIVE_INFINITY) return 0;
  const result = nanoseconds(value, name);
  const milliseconds = Number(result) / 1e6;
  if (milliseconds < 0 || milliseconds > LONGEST_WAIT) {
    outOfRange(name, `a duration from 0 to ${LONGEST_WAIT} ms`, value);
  }
  return Math.ceil(milliseconds);
};
