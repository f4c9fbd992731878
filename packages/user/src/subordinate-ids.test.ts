import { existsSync } from 'node:fs';
import { features, runSync } from '@ns/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listSubordinateIds, parseSubordinateIds } from './index.js';
import { parseGetsubids } from './subordinate-ids.js';

test('lines are read, and what is none is passed over', () => {
  const text = '# comment\nalice:100000:65536\n\n1001:200000:10\nbob:x:1\nalice:300000:5\n';
  expect(parseSubordinateIds(text)).toEqual([
    { user: 'alice', start: 100000, count: 65536 },
    { user: '1001', start: 200000, count: 10 },
    { user: 'alice', start: 300000, count: 5 },
  ]);
});

test('any entries survive their lines', () => {
  const entry = fc.record({
    user: fc.stringMatching(/^[a-z_][a-z0-9_-]{0,30}$/),
    start: fc.nat(4e9),
    count: fc.nat(1e6),
  });
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const text = entries.map(({ user, start, count }) => `${user}:${start}:${count}\n`).join('');
      expect(parseSubordinateIds(text)).toEqual(entries);
    }),
  );
});

test('the answers of getsubids are read', () => {
  expect(parseGetsubids('0: alice 100000 65536\n1: alice 300000 5\n')).toEqual([
    { start: 100000, count: 65536 },
    { start: 300000, count: 5 },
  ]);
  expect(parseGetsubids('Error fetching ranges\n')).toEqual([]);
});

test('the ranges of a user are those that getsubids tells', ({ skip }) => {
  const name = process.env.USER ?? 'root';
  const getsubids = '/usr/bin/getsubids';
  skip(!existsSync(getsubids), 'getsubids is not installed (Debian: uidmap)');
  const { stdout } = runSync(getsubids, [name], { reject: false });
  expect(listSubordinateIds('uid', name)).toEqual(parseGetsubids(stdout));
});

test('wrong arguments are refused', () => {
  expect(() => listSubordinateIds('pid' as 'uid')).toThrow('kind must be one of "uid", "gid"');
  expect(() => listSubordinateIds('uid', '-x')).toThrow('user must be a uid or a name');
  expect(() => listSubordinateIds('uid', -1)).toThrow(RangeError);
});

test('core says of each kind whether the caller has a range, root too', ({ skip }) => {
  skip(!existsSync('/usr/bin/newuidmap'), 'newuidmap is not installed (Debian: uidmap)');
  const { subordinateUids, subordinateGids } = features();
  expect(subordinateUids.available).toBe(listSubordinateIds('uid').length > 0);
  expect(subordinateGids.available).toBe(listSubordinateIds('gid').length > 0);
});
