// Arithmetic on maps of ids: translation, composition, inversion, splitting.
import { parse } from '@ns/core/authors';
import { ID_MAX, type IdMap, type IdRange } from './id-map.js';

type Side = 'inside' | 'outside';

function translate(map: IdMap, id: number, from: Side, to: Side): number | undefined {
  parse.id(id, 'id');
  const range = map.find(
    (candidate) => id - candidate[from] >= 0 && id - candidate[from] < candidate.length,
  );
  return range && range[to] + (id - range[from]);
}

/** Returns the number outside of an id of the namespace; undefined if it is not mapped. */
export function toOutside(map: IdMap, inside: number): number | undefined {
  return translate(map, inside, 'inside', 'outside');
}

/** Returns the number in the namespace of an id from outside; undefined if it is not mapped. */
export function toInside(map: IdMap, outside: number): number | undefined {
  return translate(map, outside, 'outside', 'inside');
}

/** Returns the map in the other direction: inside and outside exchanged. */
export function invertIdMap(map: IdMap): IdMap {
  return map.map(({ inside, outside, length }) => ({ inside: outside, outside: inside, length }));
}

/** Returns ranges in the order of their inside ids, with adjacent ones joined. */
export function normalizeIdMap(map: IdMap): IdMap {
  const result: IdRange[] = [];
  for (const range of [...map].sort((a, b) => a.inside - b.inside)) {
    const last = result.at(-1);
    const continues =
      last &&
      last.inside + last.length === range.inside &&
      last.outside + last.length === range.outside;
    if (continues) result[result.length - 1] = { ...last, length: last.length + range.length };
    else result.push({ ...range });
  }
  return result;
}

/**
 * Returns the map of a nested namespace to the outermost one: `inner` maps to the ids that `outer` maps
 * further. Ids that `outer` does not map are left out.
 */
export function composeIdMaps(inner: IdMap, outer: IdMap): IdMap {
  const result: IdRange[] = [];
  for (const a of inner) {
    for (const b of outer) {
      const first = Math.max(a.outside, b.inside);
      const end = Math.min(a.outside + a.length, b.inside + b.length);
      if (first >= end) continue;
      result.push({
        inside: a.inside + (first - a.outside),
        outside: b.outside + (first - b.inside),
        length: end - first,
      });
    }
  }
  return normalizeIdMap(result);
}

/** Returns a map without one id from outside. */
function without(map: IdMap, outside: number): IdRange[] {
  return map.flatMap((range) => {
    const before = outside - range.outside;
    if (before < 0 || before >= range.length) return [range];
    const skipped = before + 1;
    return [
      { ...range, length: before },
      {
        inside: range.inside + skipped,
        outside: range.outside + skipped,
        length: range.length - skipped,
      },
    ].filter(({ length }) => length > 0);
  });
}

/** Cuts the range that contains an id inside in two, before that id. */
function cutAt(map: IdMap, inside: number): IdRange[] {
  return map.flatMap((range) => {
    const before = inside - range.inside;
    if (before <= 0 || before >= range.length) return [range];
    return [
      { ...range, length: before },
      { inside, outside: range.outside + before, length: range.length - before },
    ];
  });
}

/**
 * Adds one id to a map, which makes room: the range that had this id inside, and those that follow it
 * without a gap, move up by one. All other ids from outside stay mapped.
 *
 * `unshare --map-users=0,100000,65536 --map-user=0` means this: 0 becomes the one id, 1 to 65536
 * become 100000 to 165535.
 */
export function insertId(map: IdMap, inside: number, outside: number): IdMap {
  parse.id(inside, 'inside');
  parse.id(outside, 'outside');
  const result: IdRange[] = [{ inside, outside, length: 1 }];
  let taken = inside;
  const ranges = cutAt(without(map, outside), inside).sort((a, b) => a.inside - b.inside);
  for (const range of ranges) {
    if (range.inside !== taken) {
      result.push(range);
      continue;
    }
    taken = range.inside + range.length;
    // The very last id cannot move up.
    const length = taken > ID_MAX ? range.length - 1 : range.length;
    if (length > 0) result.push({ ...range, inside: range.inside + 1, length });
  }
  return normalizeIdMap(result);
}
