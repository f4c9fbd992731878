import { listSubordinateIds } from '@ns/user';
import { expect, test } from 'vitest';
import { readCommandLine } from '../../framework/read-command-line.js';
import { mapOptions, mapsOf } from './id-maps.js';

const choice = (...args: string[]) => mapsOf(readCommandLine(args, [mapOptions]));
const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];

test('mapsOf returns undefined without options', () => {
  expect(choice()).toBeUndefined();
  expect(choice('--setgroups', 'deny')).toBeUndefined();
});

test('mapsOf maps the current user to root, itself or another id', () => {
  const one = (inside: number, outside: number) => [{ inside, outside, length: 1 }];
  expect(choice('-r')).toEqual({ uid: one(0, uid), gid: one(0, gid) });
  expect(choice('-c')).toEqual({ uid: one(uid, uid), gid: one(gid, gid) });
  expect(choice('--map-user=5')).toEqual({ uid: one(5, uid) });
  expect(choice('-r', '--map-group=5')).toEqual({ uid: one(0, uid), gid: one(5, gid) });
});

test('mapsOf reads repeated ranges in both orders of unshare(1)', () => {
  const range = { inside: 1, outside: 100_000, length: 10 };
  expect(choice('--map-users=1:100000:10')).toEqual({ uid: [range] });
  expect(choice('--map-users=100000,1,10')).toEqual({ uid: [range] });
  const second = { inside: 20, outside: 200_000, length: 5 };
  expect(choice('--map-groups=1:100000:10', '--map-groups=20:200000:5')).toEqual({
    gid: [range, second],
  });
});

test('mapsOf makes room for the current user in a range', () => {
  expect(choice('--map-users=0:100000:10', '--map-user=0')).toEqual({
    uid: [
      { inside: 0, outside: uid, length: 1 },
      { inside: 1, outside: 100_000, length: 10 },
    ],
  });
});

test('mapsOf of all keeps every id', () => {
  const ids = choice('--map-users=all') as { uid: { inside: number; outside: number }[] };
  expect(ids.uid.length).toBeGreaterThan(0);
  for (const { inside, outside } of ids.uid) expect(outside).toBe(inside);
});

test('mapsOf of auto takes the subordinate ids of the current user, or fails without any', () => {
  const ranges = listSubordinateIds('uid');
  if (ranges.length === 0) {
    expect(() => choice('--map-users=auto')).toThrow('no range in /etc/subuid');
    expect(() => choice('--map-auto', '-r')).toThrow('no range in /etc/subuid');
  } else {
    const [first] = ranges;
    expect(choice('--map-users=auto')).toMatchObject({
      uid: [{ inside: 0, outside: first?.start, length: first?.count }],
    });
  }
});

test('mapsOf of subids keeps the numbers of the subordinate ids', () => {
  const ranges = listSubordinateIds('uid');
  if (ranges.length === 0) {
    expect(() => choice('--map-subids')).toThrow('no range in /etc/subuid');
  } else {
    const [first] = ranges;
    const range = { inside: first?.start, outside: first?.start, length: first?.count };
    expect(choice('--map-subids')).toMatchObject({ uid: [range], gid: expect.any(Array) });
    expect(choice('--map-subids')).toEqual(choice('--map-users=subids', '--map-groups=subids'));
  }
});

test('mapsOf maps the owner of --owner', () => {
  const one = (inside: number, outside: number) => [{ inside, outside, length: 1 }];
  expect(choice('--owner=12:34', '-r')).toEqual({ uid: one(0, 12), gid: one(0, 34) });
  expect(choice('--owner=12:34', '-c')).toEqual({ uid: one(12, 12), gid: one(34, 34) });
  expect(choice('--owner=12:34')).toBeUndefined();
  expect(() => choice('--owner=12345:1', '--map-auto')).toThrow('user 12345 has no range');
  for (const owner of ['', '5', '5:', ':5', '1:2:3']) {
    expect(() => choice(`--owner=${owner}`)).toThrow('--owner must be UID:GID');
  }
  expect(() => choice('--owner=no such user:0')).toThrow(
    "--owner must be an id or a name in /etc/passwd, got 'no such user'",
  );
});

test.each(['1', '1:2', '1:2,3', 'x:1:1', '1:2:3:4', ''])('mapsOf refuses the range %j', (text) => {
  expect(() => choice(`--map-users=${text}`)).toThrow('must be INSIDE:OUTSIDE:COUNT');
});
