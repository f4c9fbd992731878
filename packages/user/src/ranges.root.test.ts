import { createNamespace, run, runSync } from '@ns/core';
import { expect, test } from 'vitest';
import { parseIdMap, readIdMaps, user } from './index.js';

const map = {
  uid: [
    { inside: 0, outside: 100_000, length: 1000 },
    { inside: 1000, outside: 1000 },
  ],
  gid: [{ inside: 0, outside: 200_000, length: 2000 }],
};

const options = (extra = {}) => ({ namespaces: [user({ map, ...extra })] });

test('ranges are written as given, and the set-up is done as root inside', async () => {
  const { stdout } = await run('sh', ['-c', 'cat /proc/self/uid_map; id -u; id -g'], options());
  const lines = stdout.trimEnd().split('\n');
  expect(parseIdMap(lines.slice(0, 2).join('\n'))).toEqual(
    map.uid.map((r) => ({ length: 1, ...r })),
  );
  expect(lines.slice(2)).toEqual(['0', '0']);
});

test('also synchronously, where the maps are written by us', () => {
  expect(runSync('id', ['-u'], options()).stdout).toBe('0\n');
});

test('setgroups is as it is outside, unless it is denied', async () => {
  const read = async (extra = {}) =>
    (await run('cat', ['/proc/self/setgroups'], options(extra))).stdout.trim();
  expect(await read()).toBe('allow');
  expect(await read({ setgroups: 'deny' })).toBe('deny');
  const own = { namespaces: [user({ setgroups: 'allow' })] };
  expect((await run('cat', ['/proc/self/setgroups'], own)).stdout.trim()).toBe('allow');
});

test('a command can run as another mapped user than the one that sets it up', async () => {
  const script = 'id -u; id -g; id -G';
  const spawned = await run('sh', ['-c', script], { ...options(), uid: 1000, gid: 7 });
  expect(spawned.stdout).toBe('1000\n7\n7\n');
  const runAs = { uid: 1000, gid: 7, groups: [8, 9] };
  const { stdout } = await run('sh', ['-c', script], options({ runAs }));
  expect(stdout).toBe('1000\n7\n7 8 9\n');
});

test('another user keeps ambient capabilities', async () => {
  const capabilities = { keep: ['chown', 'kill'], ambient: ['chown'] };
  const spec = options({ runAs: { uid: 1000, gid: 7 }, capabilities });
  const { stdout } = await run('sh', ['-c', 'id -u; grep Cap /proc/self/status'], spec);
  expect(stdout.split('\n')[0]).toBe('1000');
  expect(stdout).toMatch(/CapEff:\s+0{15}1\n/);
  expect(stdout).toMatch(/CapBnd:\s+0{14}21\n/);
});

test('the set-up can be done as any mapped user', async () => {
  const { stdout } = await run('id', ['-u'], options({ uid: 500, gid: 500 }));
  expect(stdout).toBe('500\n');
});

test("map: 'all' keeps all ids as they are", async () => {
  const { stdout } = await run('cat', ['/proc/self/uid_map'], {
    namespaces: [user({ map: 'all' })],
  });
  expect(parseIdMap(stdout)).toEqual(
    readIdMaps().uid.map(({ inside, length }) => ({ inside, outside: inside, length })),
  );
});

test('the most ranges that the kernel takes are taken', async () => {
  const many = Array.from({ length: 340 }, (_, i) => ({ inside: 2 * i, outside: 2 * i }));
  const { stdout } = await run('cat', ['/proc/self/uid_map'], {
    namespaces: [user({ map: { uid: many } })],
  });
  expect(parseIdMap(stdout)).toHaveLength(340);
});

test('a new user namespace and joined ones of other types go together', async () => {
  using net = createNamespace('net');
  const { stdout } = await run('sh', ['-c', 'id -u; readlink /proc/self/ns/net'], {
    namespaces: [net, user()],
  });
  expect(stdout).toBe(`0\nnet:[${net.id.ino}]\n`);
});
