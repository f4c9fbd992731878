// Maps of user or group ids: ranges, their checks, and the text form of /proc/PID/uid_map.
import { assertKeys, ownOptions } from '@ns/core/authors';

/** Largest id; 2^32 - 1 stands for "none" in many system calls. */
export const ID_MAX = 0xffff_fffe;

/** Most ranges in a map (Linux 4.15). */
export const ID_MAP_RANGES_MAX = 340;

// The kernel takes a map in a single write of less than a page.
const TEXT_MAX = 4095;

/** Consecutive ids of a user namespace, and what they are outside. */
export interface IdRange {
  /** First id inside. */
  readonly inside: number;
  /** First id outside: in the parent user namespace, where a map is written. */
  readonly outside: number;
  /** How many ids. Default, where a range is given: 1. */
  readonly length: number;
}

/** A range as it is given: the length may be left out. */
export type IdRangeInput = Omit<IdRange, 'length'> & { readonly length?: number };

/** A map of ids: ranges that overlap neither inside nor outside. */
export type IdMap = readonly IdRange[];

/** Both maps of a user namespace. */
export interface IdMaps {
  readonly uid: IdMap;
  readonly gid: IdMap;
}

function checkNumber(value: unknown, name: string, least: number, most: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number: ${String(value)}`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}: ${value}`);
  }
}

/** Throws unless the value is an id. */
export function assertId(value: unknown, name: string): asserts value is number {
  checkNumber(value, name, 0, ID_MAX);
}

function checkRange(range: IdRangeInput, name: string): IdRange {
  assertKeys(range, ['inside', 'outside', 'length'], name);
  const { inside, outside, length = 1 } = ownOptions(range);
  assertId(inside, `${name}.inside`);
  assertId(outside, `${name}.outside`);
  checkNumber(length, `${name}.length`, 1, ID_MAX + 1);
  for (const [side, first] of Object.entries({ inside, outside })) {
    if (first + length - 1 > ID_MAX) {
      throw new RangeError(`${name}: ${length} ids from ${side} ${first} go beyond ${ID_MAX}`);
    }
  }
  return { inside, outside, length };
}

function checkOverlap(ranges: IdMap, side: 'inside' | 'outside', name: string): void {
  const sorted = [...ranges].sort((a, b) => a[side] - b[side]);
  sorted.forEach((range, i) => {
    const next = sorted[i + 1];
    if (next && range[side] + range.length > next[side]) {
      throw new RangeError(`${name}: two ranges have ${side} id ${next[side]}`);
    }
  });
}

/**
 * Checks ranges as the kernel will, and completes them.
 *
 * @param name of the argument, for the error
 * @throws {TypeError | RangeError} for what the kernel would refuse: an empty map, ids that overlap
 *   or are too large, more than 340 ranges
 */
export function checkIdMap(ranges: readonly IdRangeInput[], name = 'map'): IdMap {
  if (!Array.isArray(ranges)) throw new TypeError(`${name} must be an array: ${String(ranges)}`);
  if (ranges.length === 0) throw new RangeError(`${name} must have at least one range`);
  if (ranges.length > ID_MAP_RANGES_MAX) {
    throw new RangeError(
      `${name} must have at most ${ID_MAP_RANGES_MAX} ranges, it has ${ranges.length}`,
    );
  }
  const map = ranges.map((range, i) => checkRange(range, `${name}[${i}]`));
  checkOverlap(map, 'inside', name);
  checkOverlap(map, 'outside', name);
  const { length } = formatIdMap(map);
  if (length > TEXT_MAX) {
    throw new RangeError(`${name} is too long for the kernel: ${length} of ${TEXT_MAX} characters`);
  }
  return map;
}

/** A map as /proc/PID/uid_map and gid_map take it: a line for each range. */
export function formatIdMap(map: IdMap): string {
  return map.map(({ inside, outside, length }) => `${inside} ${outside} ${length}\n`).join('');
}

/**
 * Reads the text of /proc/PID/uid_map or gid_map.
 *
 * @throws {TypeError} for a line that is not three numbers
 */
export function parseIdMap(text: string): IdMap {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const fields = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line);
      if (!fields) throw new TypeError(`not a line of an id map: ${JSON.stringify(line)}`);
      const [inside, outside, length] = fields.slice(1).map(Number) as [number, number, number];
      return { inside, outside, length };
    });
}
