// Durations on the command line: `1.5s`, `150ms`, `2m`. A number without a unit means seconds.
import { parse } from '@ns/core/authors';

const withUnit = (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? `${text}s` : text);

/**
 * Returns the milliseconds that a text means.
 *
 * @param option long name of the option, for the error
 * @throws {TypeError} if it is not a duration
 * @throws {RangeError} if it is negative, or more than a timer can wait
 */
export function parseTimeout(text: string, option: string): number {
  return parse.timeout(withUnit(text), `--${option}`);
}

/**
 * Returns the nanoseconds that a text means, which may be negative.
 *
 * @param option long name of the option, for the error
 * @throws {TypeError} if it is not a duration
 */
export function parseNanoseconds(text: string, option: string): bigint {
  return parse.nanoseconds(withUnit(text), `--${option}`);
}
