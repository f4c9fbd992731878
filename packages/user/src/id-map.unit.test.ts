import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  composeIdMaps,
  formatIdMap,
  ID_MAX,
  type IdMap,
  insertId,
  invertIdMap,
  normalizeIdMap,
  parseIdMap,
  parseIdRanges,
  toInside,
  toOutside,
} from './index.js';

/** Valid maps of up to 8 ranges: gaps and lengths on either side, in any order. */
const anyMap = fc
  .array(fc.record({ gap: fc.nat(50), length: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .chain((parts) =>
    fc.tuple(
      fc.constant(parts),
      fc.shuffledSubarray(
        parts.map((_, i) => i),
        { minLength: parts.length },
      ),
      fc.nat(1000),
    ),
  )
  .map(([parts, order, start]): IdMap => {
    let inside = start;
    let outside = 0;
    const ranges = parts.map(({ gap, length }) => {
      inside += gap;
      const range = { inside, outside: 0, length };
      inside += length;
      return range;
    });
    for (const i of order) {
      const range = ranges[i];
      if (!range) continue;
      outside += parts[i]?.gap ?? 0;
      range.outside = outside;
      outside += range.length;
    }
    return ranges;
  });

const ids = (map: IdMap) =>
  map.flatMap(({ inside, outside, length }) =>
    Array.from({ length }, (_, i): [number, number] => [inside + i, outside + i]),
  );

test('what is formatted is read back', () => {
  fc.assert(
    fc.property(anyMap, (map) => {
      expect(parseIdMap(formatIdMap(map))).toEqual(map);
    }),
  );
});

test('the padded columns of the kernel are read', () => {
  expect(parseIdMap('         0          0 4294967295\n')).toEqual([
    { inside: 0, outside: 0, length: ID_MAX + 1 },
  ]);
  expect(parseIdMap('')).toEqual([]);
  expect(() => parseIdMap('0 0\n')).toThrow('not a line of an id map: "0 0"');
});

test('a valid map passes the checks, with lengths filled in', () => {
  fc.assert(
    fc.property(anyMap, (map) => {
      expect(parseIdRanges(map)).toEqual(map);
    }),
  );
  expect(parseIdRanges([{ inside: 0, outside: 5 }])).toEqual([
    { inside: 0, outside: 5, length: 1 },
  ]);
  const everything = [{ inside: 0, outside: 0, length: ID_MAX + 1 }];
  expect(parseIdRanges(everything)).toEqual(everything);
});

test('what the kernel would refuse is refused, by name', () => {
  const range = { inside: 0, outside: 0, length: 10 };
  const wrong: [unknown, string][] = [
    ['0 0 1', 'map must be an array'],
    [[], 'map must have at least one range'],
    [[null], 'map[0] must be an object'],
    [[{ inside: 0 }], 'map[0].outside must be an integer'],
    [[{ ...range, length: 0 }], 'map[0].length must be an integer from 1'],
    [[{ ...range, inside: ID_MAX + 1 }], 'map[0].inside must be an integer from 0'],
    [[{ ...range, inside: 0.5 }], 'map[0].inside must be an integer'],
    [[{ ...range, outside: ID_MAX }], `map[0]: 10 ids from outside ${ID_MAX} go beyond`],
    [[range, { ...range, inside: 9, outside: 20 }], 'map: two ranges have inside id 9'],
    [[{ ...range, inside: 20, outside: 5 }, range], 'map: two ranges have outside id 5'],
    [Array.from({ length: 341 }, (_, i) => ({ inside: i, outside: i })), 'at most 340 ranges'],
    [
      Array.from({ length: 340 }, (_, i) => ({ inside: 4e9 + i, outside: 4e9 + i })),
      'map is too long for the kernel',
    ],
  ];
  for (const [map, message] of wrong) {
    expect(() => parseIdRanges(map as IdMap)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
      }),
    );
  }
});

test('ids are translated both ways as their table says', () => {
  fc.assert(
    fc.property(anyMap, fc.nat(2000), (map, id) => {
      const table = ids(map);
      expect(toOutside(map, id)).toBe(table.find(([inside]) => inside === id)?.[1]);
      expect(toInside(map, id)).toBe(table.find(([, outside]) => outside === id)?.[0]);
      expect(toInside(invertIdMap(map), id)).toBe(toOutside(map, id));
    }),
  );
});

test('a composed map does what one map after the other does', () => {
  fc.assert(
    fc.property(anyMap, anyMap, (inner, outer) => {
      const composed = composeIdMaps(inner, outer);
      const expected = ids(inner).flatMap(([inside, middle]) => {
        const outside = toOutside(outer, middle);
        return outside === undefined ? [] : [[inside, outside]];
      });
      expect(new Map(ids(composed))).toEqual(new Map(expected as [number, number][]));
    }),
  );
});

test('a normalized map says the same in the fewest ranges', () => {
  fc.assert(
    fc.property(anyMap, (map) => {
      const single = ids(map).map(([inside, outside]) => ({ inside, outside, length: 1 }));
      const normal = normalizeIdMap(single);
      expect(new Map(ids(normal))).toEqual(new Map(ids(map)));
      expect(normal.length).toBeLessThanOrEqual(map.length);
      expect(normalizeIdMap(normal)).toEqual(normal);
    }),
  );
});

test('an id inserted makes room for itself and loses no other', () => {
  fc.assert(
    fc.property(anyMap, fc.nat(600), fc.nat(600), (map, inside, outside) => {
      const result = parseIdRanges(insertId(map, inside, outside));
      expect(toOutside(result, inside)).toBe(outside);
      const before = ids(map).map(([, id]) => id);
      const after = ids(result).map(([, id]) => id);
      expect(new Set(after)).toEqual(new Set([...before, outside]));
      expect(after.length).toBe(new Set(after).size);
      // All others keep their order, and move by at most one.
      for (const [old, id] of ids(map)) {
        if (id === outside) continue;
        const now = toInside(result, id) ?? -1;
        expect(now - old === 0 || (now - old === 1 && old >= inside)).toBe(true);
      }
    }),
  );
});

test('root and a range of subordinate ids fit together without a gap', () => {
  const subids = [{ inside: 0, outside: 100000, length: 65536 }];
  expect(insertId(subids, 0, 1000)).toEqual([
    { inside: 0, outside: 1000, length: 1 },
    { inside: 1, outside: 100000, length: 65536 },
  ]);
  expect(insertId(subids, 1000, 1000)).toEqual([
    { inside: 0, outside: 100000, length: 1000 },
    { inside: 1000, outside: 1000, length: 1 },
    { inside: 1001, outside: 101000, length: 64536 },
  ]);
  const all = [{ inside: 0, outside: 0, length: ID_MAX + 1 }];
  expect(insertId(all, 0, 1000)).toEqual([
    { inside: 0, outside: 1000, length: 1 },
    { inside: 1, outside: 0, length: 1000 },
    { inside: 1001, outside: 1001, length: ID_MAX - 1000 },
  ]);
});
