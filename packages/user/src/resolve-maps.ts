// The maps that a word stands for: user({ map: 'root' }).
import { type Members, type Parser, parse } from '@ns/core/authors';
import { checkIdMap, type IdMap, type IdMaps, type IdRangeInput, idRanges } from './id-map.js';
import { readIdMaps } from './read-id-maps.js';
import { type IdKind, listSubordinateIds, subordinateFile, userName } from './subordinate-ids.js';
import { insertId } from './translate-ids.js';

/**
 * The ids that exist in a new user namespace:
 * - `'root'`: the caller, as 0 inside
 * - `'current'`: the caller, with the same ids
 * - `'auto'`: the caller, as 0 inside, and its subordinate ids, from 1 up
 * - `'subids'`: the caller and its subordinate ids, with the same numbers
 * - `'all'`: all ids of the caller's user namespace, with the same numbers
 */
export type MapWord = 'root' | 'current' | 'auto' | 'subids' | 'all';

/** Maps range by range. The one that is left out is as with `'root'`. */
export interface ExplicitMaps {
  uid?: readonly IdRangeInput[] | undefined;
  gid?: readonly IdRangeInput[] | undefined;
}

/** The ids that exist in a new user namespace: a word, or ranges. */
export type MapInput = MapWord | ExplicitMaps;

/** {@link MapInput} in normal form. */
export type ParsedMap = MapWord | { readonly [Kind in IdKind]: IdMap | undefined };

const parseRanges = parse.options({ uid: idRanges, gid: idRanges });
const words: readonly MapWord[] = ['root', 'current', 'auto', 'subids', 'all'];

/** The option `map`. */
export const parseMap: Parser<ParsedMap> = (value, name) => {
  if (typeof value === 'object' && value !== null) return parseRanges(value, name);
  if (words.includes(value as MapWord)) return value as MapWord;
  return parse.refuse(name, `${words.join(', ')} or { uid, gid }, each a list of ranges`, value);
};

/** Ids by which the kernel judges the caller. */
export interface CallerIds {
  readonly uid: number;
  readonly gid: number;
}

/** Returns the caller's effective ids. */
export function callerIds(): CallerIds {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

const parseCaller = parse.options({
  uid: parse.required(parse.id),
  gid: parse.required(parse.id),
} satisfies Members<CallerIds>);

function subordinateMap(
  kind: IdKind,
  uid: number,
  place: (start: number, next: number) => number,
): IdMap {
  const ranges = listSubordinateIds(kind, uid);
  if (ranges.length === 0) {
    const name = userName(uid) ?? String(uid);
    throw new Error(
      `no subordinate ${kind}s for user ${name}: add a line such as "${name}:100000:65536" to ${subordinateFile(kind)} (usermod --add-sub${kind}s 100000-165535 ${name})`,
    );
  }
  let next = 0;
  return ranges.map(({ start, count }) => {
    const inside = place(start, next);
    next += count;
    return { inside, outside: start, length: count };
  });
}

/** Returns one of the two maps that a word stands for. */
function wordMap(word: MapWord, kind: IdKind, caller: CallerIds): IdMap {
  const own = caller[kind];
  switch (word) {
    case 'root':
      return [{ inside: 0, outside: own, length: 1 }];
    case 'current':
      return [{ inside: own, outside: own, length: 1 }];
    case 'auto':
      return insertId(
        subordinateMap(kind, caller.uid, (_, next) => next),
        0,
        own,
      );
    case 'subids':
      return insertId(
        subordinateMap(kind, caller.uid, (start) => start),
        own,
        own,
      );
    case 'all':
      return readIdMaps()[kind].map(({ inside, length }) => ({ inside, outside: inside, length }));
  }
}

/**
 * Returns the ranges of a parsed map.
 *
 * @param name of the map in errors
 */
export function mapsOf(map: ParsedMap, caller: CallerIds, name: string): IdMaps {
  const mapOf = (kind: IdKind) =>
    typeof map === 'object'
      ? (map[kind] ?? wordMap('root', kind, caller))
      : checkIdMap(wordMap(map, kind, caller), `${name}.${kind}`);
  return { uid: mapOf('uid'), gid: mapOf('gid') };
}

/**
 * Returns the ranges that a word stands for, or those that are given, checked.
 *
 * @throws {TypeError | RangeError} for maps that the kernel would refuse
 * @throws {Error} for `'auto'` and `'subids'` if the user has no subordinate ids
 */
export function resolveMaps(map: MapInput, caller: CallerIds = callerIds()): IdMaps {
  return mapsOf(parseMap(map, 'map'), parseCaller(caller, 'caller'), 'map');
}
