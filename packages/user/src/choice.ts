// The maps that the words stand for: user({ map: 'root' }).
import { assertKeys, ownOptions } from '@ns/core/authors';
import { checkIdMap, type IdMap, type IdMaps, type IdRangeInput } from './id-map.js';
import { readIdMaps } from './read.js';
import { type IdKind, subordinateFile, subordinateIds, userName } from './subordinate.js';
import { insertId } from './translate.js';

/**
 * Which ids exist in a new user namespace:
 * - `'root'`: the caller is 0 inside; nobody else exists
 * - `'current'`: the caller keeps its ids; nobody else exists
 * - `'auto'`: the caller is 0 inside, and its subordinate ids are 1 and up
 * - `'subids'`: the caller and its subordinate ids keep their numbers
 * - `'all'`: everybody keeps the number that it has in the caller's user namespace
 */
export type MapWord = 'root' | 'current' | 'auto' | 'subids' | 'all';

/** Maps given range by range. The one that is left out is as with `'root'`. */
export interface ExplicitMaps {
  uid?: readonly IdRangeInput[];
  gid?: readonly IdRangeInput[];
}

/** Which ids exist in a new user namespace. */
export type MapChoice = MapWord | ExplicitMaps;

/** Ids by which the kernel judges the caller. */
export interface CallerIds {
  readonly uid: number;
  readonly gid: number;
}

/** The caller's effective ids. */
export function callerIds(): CallerIds {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

function subordinateMap(
  kind: IdKind,
  uid: number,
  place: (start: number, next: number) => number,
): IdMap {
  const ranges = subordinateIds(kind, uid);
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

/** One of the two maps that a word stands for. */
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

const words: readonly unknown[] = ['root', 'current', 'auto', 'subids', 'all'];

/**
 * The ranges that a choice stands for, checked.
 *
 * @throws {TypeError | RangeError} for maps that the kernel would refuse
 * @throws {Error} for `'auto'` and `'subids'` if the user has no subordinate ids
 */
export function resolveMaps(choice: MapChoice, caller: CallerIds = callerIds()): IdMaps {
  if (typeof choice === 'object' && choice !== null) {
    assertKeys(choice, ['uid', 'gid'], 'map');
    const { uid, gid } = ownOptions(choice);
    return {
      uid: uid ? checkIdMap(uid, 'map.uid') : wordMap('root', 'uid', caller),
      gid: gid ? checkIdMap(gid, 'map.gid') : wordMap('root', 'gid', caller),
    };
  }
  if (!words.includes(choice)) {
    throw new TypeError(
      `map must be ${words.join(', ')} or { uid, gid }, each a list of ranges: ${String(choice)}`,
    );
  }
  return {
    uid: checkIdMap(wordMap(choice, 'uid', caller), 'map.uid'),
    gid: checkIdMap(wordMap(choice, 'gid', caller), 'map.gid'),
  };
}
