// A parser takes one value of the caller and returns its normal form, or throws an error that names it.
// Options are parsed once, before any system call; later code sees normal forms only.
import { inspect } from 'node:util';

/**
 * Returns the normal form of a value.
 *
 * @param name of the value in errors: `options.timeout`
 * @throws {TypeError} for a value of the wrong type or form
 * @throws {RangeError} for a number outside of its range
 */
export type Parser<Value> = (value: unknown, name: string) => Value;

/** Longest text of a value in an error. */
const MAX_SHOWN = 120;

/** Returns a value as errors show it, on one line. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'function'
      ? `function ${value.name}`.trimEnd()
      : inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 });
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}

/** Throws the error of a value that has the wrong type or form. */
export function refuse(name: string, expected: string, value: unknown): never {
  throw new TypeError(`${name} must be ${expected}, got ${shown(value)}`);
}

/** Throws the error of a number that is outside of its range. */
export function outOfRange(name: string, expected: string, value: unknown): never {
  throw new RangeError(`${name} must be ${expected}, got ${shown(value)}`);
}
