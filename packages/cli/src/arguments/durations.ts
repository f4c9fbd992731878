// Durations on the command line: `1.5s`, `150ms`, `2m`. A number without a unit means seconds.
import { type Parser, parse } from '@ns/core/authors';
import { UsageError } from '../framework/usage-error.js';

const withUnit = (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? `${text}s` : text);

/** Calls a parser of core, whose errors name units that a number has in JavaScript, not here. */
function parseWith<Value>(parser: Parser<Value>, text: string, option: string): Value {
  try {
    return parser(withUnit(text), `--${option}`);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`--${option} must be seconds, or a text such as 150ms, got '${text}'`);
  }
}

/**
 * Returns the milliseconds that a text means.
 *
 * @param option long name of the option, for the error
 * @throws {UsageError} if it is not a duration
 * @throws {RangeError} if it is negative, or more than a timer can wait
 */
export function parseTimeout(text: string, option: string): number {
  return parseWith(parse.timeout, text, option);
}

/**
 * Returns the nanoseconds that a text means, which may be negative.
 *
 * @param option long name of the option, for the error
 * @throws {UsageError} if it is not a duration
 */
export function parseNanoseconds(text: string, option: string): bigint {
  return parseWith(parse.nanoseconds, text, option);
}
