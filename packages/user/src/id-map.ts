// Maps of user or group ids: ranges, their rules, and the text form of /proc/PID/uid_map.
import { type Members, type Parser, parse } from '@ns/core/authors';

/** Largest id; 2^32 - 1 stands for "none" in many system calls. */
export const ID_MAX = 0xffff_fffe;

/** Upper limit of ranges in a map (Linux 4.15). */
export const ID_MAP_RANGES_MAX = 340;

// The kernel takes a map in a single write of less than a page.
const TEXT_MAX = 4095;

/** Consecutive ids of a user namespace, and their numbers outside. */
export interface IdRange {
  /** First id inside. */
  readonly inside: number;
  /** First id outside: in the parent user namespace, where a map is written. */
  readonly outside: number;
  /** Number of ids. Default in arguments: 1. */
  readonly length: number;
}

/** A range as an argument: the length may be left out. */
export type IdRangeInput = Omit<IdRange, 'length'> & { readonly length?: number | undefined };

/** A map of ids: ranges that overlap neither inside nor outside. */
export type IdMap = readonly IdRange[];

/** Both maps of a user namespace. */
export interface IdMaps {
  readonly uid: IdMap;
  readonly gid: IdMap;
}

const parseRangeMembers = parse.options({
  inside: parse.required(parse.id),
  outside: parse.required(parse.id),
  length: parse.withDefault(parse.integer(1, ID_MAX + 1), 1),
} satisfies Members<IdRangeInput>);

const parseRange: Parser<IdRange> = (value, name) => {
  const { inside, outside, length } = parseRangeMembers(value, name);
  for (const [side, first] of Object.entries({ inside, outside })) {
    if (first + length - 1 <= ID_MAX) continue;
    throw new RangeError(`${name}: ${length} ids from ${side} ${first} go beyond ${ID_MAX}`);
  }
  return { inside, outside, length };
};

function checkOverlap(ranges: IdMap, side: 'inside' | 'outside', name: string): void {
  const sorted = [...ranges].sort((a, b) => a[side] - b[side]);
  sorted.forEach((range, i) => {
    const next = sorted[i + 1];
    if (next && range[side] + range.length > next[side]) {
      throw new RangeError(`${name}: two ranges have ${side} id ${next[side]}`);
    }
  });
}

/** Throws for a map that the kernel would refuse. */
export function checkIdMap(map: IdMap, name: string): IdMap {
  checkOverlap(map, 'inside', name);
  checkOverlap(map, 'outside', name);
  const { length } = formatIdMap(map);
  if (map.length > ID_MAP_RANGES_MAX) {
    throw new RangeError(
      `${name} must have at most ${ID_MAP_RANGES_MAX} ranges, it has ${map.length}`,
    );
  }
  if (length > TEXT_MAX) {
    throw new RangeError(`${name} is too long for the kernel: ${length} of ${TEXT_MAX} characters`);
  }
  return map;
}

const parseRanges = parse.list(parseRange);

/** Ranges that make a map. */
export const idRanges: Parser<IdMap> = (value, name) => {
  if (Array.isArray(value) && value.length === 0) {
    throw new RangeError(`${name} must have at least one range`);
  }
  return checkIdMap(parseRanges(value, name), name);
};

/**
 * Parses ranges by the kernel's rules. A length that is left out becomes 1.
 *
 * @param name of the argument, for the error
 * @throws {TypeError | RangeError} for an empty map, ids that overlap or are too large, more than 340
 *   ranges
 */
export function parseIdRanges(ranges: readonly IdRangeInput[], name = 'map'): IdMap {
  return idRanges(ranges, name);
}

/** Returns a map as /proc/PID/uid_map and gid_map take it: a line for each range. */
export function formatIdMap(map: IdMap): string {
  return map.map(({ inside, outside, length }) => `${inside} ${outside} ${length}\n`).join('');
}

/**
 * Parses the text of /proc/PID/uid_map or gid_map.
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
