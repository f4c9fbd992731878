// Checks of arguments: a TypeError or a RangeError that names the argument, before any system call.

import { refuseKey } from './options.js';
import { refuse as fail, outOfRange } from './parser.js';
import { LONGEST_WAIT } from './units.js';

export { fail };

/**
 * Throws unless a value is an object, and not a list.
 *
 * @param name of the argument, for the error
 * @throws {TypeError}
 */
export function assertObject(
  value: unknown,
  name: string,
): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(name, 'an object', value);
  }
}

/**
 * Returns a copy of the own members of options, without a prototype. Every function reads its options
 * from such a copy: what a polluted `Object.prototype` has is not an option of the caller's.
 *
 * @param name of the argument, for the error
 * @throws {TypeError} if it is not an object
 */
export function ownOptions<Options extends object>(options: Options, name = 'options'): Options {
  assertObject(options, name);
  return Object.assign(Object.create(null), options);
}

/**
 * Throws unless a value is an object that has no keys but these: a mistyped option must not be passed
 * over.
 *
 * @param name of the argument, for the error
 * @throws {TypeError}
 */
export function assertKeys(value: unknown, keys: readonly string[], name: string): void {
  assertObject(value, name);
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    refuseKey(name, key, keys);
  }
}

/** Throws unless it is a text that the kernel can take. */
export function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string') fail(name, 'a string', value);
  if (value.includes('\0')) throw new TypeError(`${name} must not contain a NUL character`);
}

/** Throws unless it is left out or an integer in this range. */
export function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number') fail(name, 'a number', value);
  if (!Number.isInteger(value) || value < least || value > most) {
    outOfRange(name, `an integer from ${least} to ${most}`, value);
  }
}

/** Throws unless it is left out or a user or group id. */
export function checkId(name: string, value: unknown): void {
  checkInteger(name, value, 0, 0xffff_fffe);
}

/** Throws unless it is left out or a number that is not negative; it may be infinite. */
export function checkCount(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== 'number') fail(name, 'a number', value);
  if (Number.isNaN(value) || value < 0) {
    outOfRange(name, 'a number that is not negative', value);
  }
}

/** Throws unless it is left out or milliseconds that can be waited. */
export function checkWait(name: string, value: unknown): void {
  checkCount(name, value);
  if (value !== undefined && (value as number) > LONGEST_WAIT) {
    outOfRange(name, `at most ${LONGEST_WAIT} milliseconds`, value);
  }
}

/** Throws unless it is left out or a boolean. */
export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') fail(name, 'a boolean', value);
}

/** Throws unless it is left out or an AbortSignal. */
export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    fail('signal', 'an AbortSignal', signal);
  }
}

/** Throws unless it is left out or a function. */
export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') fail(name, 'a function', value);
}
