// Checks of arguments that the System V calls have in common.
import { assertKeys, ownOptions } from '@ns/core/authors';
import type { InOptions } from './target.js';

/** Throws unless the value is an integer in this range. */
export function assertInteger(value: unknown, name: string, least: number, most: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number: ${String(value)}`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}: ${value}`);
  }
}

const INT_MAX = 0x7fff_ffff;

/** How an object is made. */
export interface CreateOptions {
  /**
   * Key by which others find it: an integer of 32 bits other than 0. Default: none; it is private,
   * and reached by its id only.
   */
  key?: number;
  /** Permission bits. Default: 0o600. */
  mode?: number;
  /** Fail if there is one with this key already, instead of taking that. Default: true. */
  exclusive?: boolean;
}

/** Key and flags of shmget(2), semget(2) and msgget(2), and where the object is made. */
interface Creation {
  readonly in: InOptions['in'];
  readonly key: number;
  readonly flags: number;
}

/** Checks the options of a function that makes an object. */
export function creation(options: CreateOptions & InOptions): Creation {
  assertKeys(options, ['key', 'mode', 'exclusive', 'in'], 'options');
  const { key, mode = 0o600, exclusive = true, in: target } = ownOptions(options);
  if (key !== undefined) assertKey(key);
  assertInteger(mode, 'mode', 0, 0o777);
  if (typeof exclusive !== 'boolean') {
    throw new TypeError(`exclusive must be a boolean: ${String(exclusive)}`);
  }
  const flags = 0o1000 | (exclusive ? 0o2000 : 0) | mode;
  return { key: key ?? 0, flags, in: target };
}

/** Throws unless the value is a key other than IPC_PRIVATE. */
export function assertKey(key: unknown): void {
  assertInteger(key, 'key', 1, 0xffff_ffff);
}

/** Throws unless the value can be the id of an object. */
export function assertId(id: unknown): void {
  assertInteger(id, 'id', 0, INT_MAX);
}
