// Checks of arguments: a TypeError or a RangeError that names the argument, before any system call.

import { refuseKey } from './options.js';
import { refuse } from './parser.js';

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
    refuse(name, 'an object', value);
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
