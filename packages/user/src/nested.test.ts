// User namespaces inside of user namespaces.
import { constants, statSync } from 'node:fs';
import { createNamespace, Namespace, type NamespaceSpec, run, spawn } from '@ns/core';
import { AT, type Preparation } from '@ns/core/authors';
import { expect, test } from 'vitest';
import {
  parseIdMap,
  readIdMaps,
  resolveMaps,
  USER_NAMESPACE_DEPTH_MAX,
  type UserOptions,
  user,
} from './index.js';

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;
const one = (inside: number, outside: number) => [{ inside, outside, length: 1 }];

test('a user namespace can be made inside of another one, by its root', () => {
  using outer = createNamespace(user());
  using inner = createNamespace(user(), { user: outer });
  using parent = inner.parent();
  expect(parent?.equals(outer)).toBe(true);
  // Two levels down, and yet in the numbers of the caller.
  expect(readIdMaps({ in: inner })).toMatchObject(resolveMaps('root'));
});

test('or by another owner, with ids of the outer one', async () => {
  using outer = createNamespace(user({ map: { uid: one(7, uid), gid: one(8, gid) } }));
  const owner = { uid: 7, gid: 8 };
  const spec = user({ owner, map: { uid: one(5, 7), gid: one(6, 8) } });
  const script = 'id -u; id -g; cat /proc/self/uid_map';
  const { stdout } = await run('sh', ['-c', script], { namespaces: [outer, spec] });
  const [ownUid, ownGid, map = ''] = stdout.split('\n');
  expect([ownUid, ownGid]).toEqual(['5', '6']);
  expect(parseIdMap(map)).toEqual(one(5, 7));
  await expect(run('true', [], { namespaces: [outer, user()] })).rejects.toThrow(
    'This id does not exist in the user namespace',
  );
});

test('inside of a joined one, nothing but the own ids can be mapped', async () => {
  using outer = createNamespace(user());
  const attempt = (options: UserOptions) => run('true', [], { namespaces: [outer, user(options)] });
  const map = { uid: [{ inside: 0, outside: 0, length: 2 }] };
  await expect(attempt({ map })).rejects.toThrow("only its owner's own ids can be mapped, 0 and 0");
  await expect(attempt({ map: 'all' })).rejects.toThrow("map: 'all' is not for");
});

test('they nest as deep as the kernel lets them, and the error says how deep that is', () => {
  const line = [createNamespace(user())];
  const deeper = () => {
    for (;;) line.push(createNamespace(user(), { user: line.at(-1) as Namespace }));
  };
  try {
    expect(deeper).toThrow(/User namespaces nest at most 33 deep/);
  } finally {
    for (const namespace of line) namespace.close();
  }
  using own = Namespace.current('user');
  if (own.isInitial) expect(line.length).toBe(USER_NAMESPACE_DEPTH_MAX);
  else expect(line.length).toBeLessThan(USER_NAMESPACE_DEPTH_MAX);
});

/** Returns the view of a command that is set up as root inside and runs as the caller. */
async function asSelf(options: UserOptions = {}) {
  const script =
    'id -u; id -g; grep CapEff /proc/self/status; cat /proc/self/uid_map /proc/self/gid_map; hostname box 2>&1; unshare -r true 2>&1';
  const namespaces = [user({ runAs: 'self', ...options }), { type: 'uts' } as const];
  const { stdout } = await run('sh', ['-c', script], { namespaces, reject: false });
  const [ownUid, ownGid, capabilities = '', uids = '', gids = '', ...rest] = stdout.split('\n');
  const maps = { uid: parseIdMap(uids), gid: parseIdMap(gids) };
  return { ids: [ownUid, ownGid], capabilities, maps, rest: rest.join('\n') };
}

test("runAs: 'self' sets a command up as root and runs it as the caller", async () => {
  const { ids, maps, rest } = await asSelf();
  expect(ids).toEqual([String(uid), String(gid)]);
  expect(maps).toEqual({ uid: one(uid, 0), gid: one(gid, 0) });
  // It has no power over what belongs to the first one, if only it is not root itself.
  if (uid !== 0) expect(rest).toMatch(/^hostname: /);
  const current = await asSelf({ map: 'current' });
  expect(current.ids).toEqual([String(uid), String(gid)]);
  expect(current.maps).toEqual({ uid: one(uid, uid), gid: one(gid, gid) });
});

test('the set-up is complete and the root another one by then', async () => {
  await using child = await spawn('sh', ['-c', 'echo; read line'], {
    namespaces: [user({ runAs: 'self', map: { uid: one(3, uid), gid: one(4, gid) } })],
  });
  await child.lines[Symbol.asyncIterator]().next();
  using inner = Namespace.of(child.pid, 'user');
  using outer = inner.parent();
  expect(readIdMaps({ in: outer as Namespace })).toMatchObject({
    uid: one(3, uid),
    gid: one(4, gid),
  });
  expect(readIdMaps({ in: inner })).toMatchObject({ uid: one(uid, uid), gid: one(gid, gid) });
});

test("disableNested denies user namespaces also with runAs: 'self'", async () => {
  const map = { uid: one(3, uid), gid: one(4, gid) };
  const { ids, rest } = await asSelf({ map, disableNested: true });
  expect(ids).toEqual([String(uid), String(gid)]);
  expect(rest).toContain('unshare failed: No space left on device');
  expect((await asSelf({ map })).rest).not.toContain('unshare failed');
});

test("runAs: 'self' needs the caller's ids in the map", () => {
  const map = { uid: one(0, uid + 1), gid: one(0, gid) };
  expect(() => user({ map, runAs: 'self' })).toThrow("'self' needs the caller's own ids");
  expect(() => user({ runAs: { uid: 5 } })).toThrow(
    'user.runAs.uid must be an id that is mapped, got 5',
  );
  expect(() => user({ runAs: { groups: [5] } })).toThrow(
    'user.runAs.groups[0] must be an id that is mapped, got 5',
  );
});

/** The user namespace of a stranger, if the caller may make one; else of the caller. */
function ofStranger(): Namespace {
  if (uid !== 0) return createNamespace(user());
  const owner = { uid: 31_415, gid: 31_415 };
  const map = { uid: one(0, owner.uid), gid: one(0, owner.gid) };
  return createNamespace(user({ owner, map }));
}

/** Owner of the files of a child in /proc while it is made: root as long as it may not be traced. */
async function ownerOfFiles(
  namespaces: readonly (Namespace | NamespaceSpec)[],
  phase: 'settings' | 'credentials',
): Promise<number> {
  let owner = -1;
  const prepare = (child: Preparation) => {
    child.program(phase).meet(({ pid }) => {
      owner = statSync(`/proc/${pid}/mem`).uid;
    });
  };
  await run('true', [], { namespaces, prepare });
  return owner;
}

test('a child that makes user namespaces inside of a joined one cannot be traced (SECURITY.md S1)', async () => {
  using outer = ofStranger();
  const owner = { uid: 0, gid: 0 };
  const inner = user({ owner, runAs: 'self', map: { uid: one(3, 0), gid: one(4, 0) } });
  expect(await ownerOfFiles([outer, inner], 'settings')).toBe(0);
  expect(await ownerOfFiles([outer, inner], 'credentials')).toBe(0);
  // One that joins nothing can be, by its own user: it is alone in its namespaces.
  if (uid !== 0) expect(await ownerOfFiles([user()], 'settings')).toBe(uid);
});

test('nor one that makes a time namespace there', async () => {
  using outer = ofStranger();
  const clock: NamespaceSpec = {
    type: 'time',
    prepare(child) {
      const path = '/proc/self/timens_offsets';
      const fd = child.program('open').call('openat', AT.FDCWD, path, constants.O_WRONLY, 0);
      child.program('clock').call('write', fd, 'monotonic 1000 0', 16, { expect: 16 });
    },
  };
  expect(await ownerOfFiles([outer, clock], 'settings')).toBe(0);
});
