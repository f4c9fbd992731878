import { readFileSync } from 'node:fs';
import { createNamespace, Namespace, run, runSync, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { parseIdMap, readIdMaps, resolveMaps, user } from './index.js';

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;

/** Returns the maps and ids that a shell inside reads. */
async function inside(spec: ReturnType<typeof user>, options = {}) {
  const script =
    'cat /proc/self/uid_map; echo; cat /proc/self/gid_map /proc/self/setgroups; id -u; id -g';
  const { stdout } = await run('sh', ['-c', script], { namespaces: [spec], ...options });
  const [uids = '', rest = ''] = stdout.split('\n\n');
  const lines = rest.trimEnd().split('\n');
  const [setgroups, ...ids] = lines.splice(-3);
  return {
    maps: { uid: parseIdMap(uids), gid: parseIdMap(lines.join('\n')) },
    setgroups,
    ids: ids.map(Number),
  };
}

test('by default the caller is root inside, and no other id is mapped', async () => {
  expect(await inside(user())).toEqual({
    maps: {
      uid: [{ inside: 0, outside: uid, length: 1 }],
      gid: [{ inside: 0, outside: gid, length: 1 }],
    },
    setgroups: 'deny',
    ids: [0, 0],
  });
});

test('the caller can keep its ids', async () => {
  const { maps, ids } = await inside(user({ map: 'current' }));
  expect(maps).toEqual(resolveMaps('current'));
  expect(ids).toEqual([uid, gid]);
});

test('the caller can have any uid and gid inside', async () => {
  const map = { uid: [{ inside: 7, outside: uid }], gid: [{ inside: 8, outside: gid }] };
  expect((await inside(user({ map }))).ids).toEqual([7, 8]);
  const { maps } = await inside(user({ map: { uid: map.uid } }));
  expect(maps.gid).toEqual([{ inside: 0, outside: gid, length: 1 }]);
});

test('its own maps are written without a meeting, also synchronously', () => {
  const options = { namespaces: [user({ map: 'root' })] };
  expect(runSync('id', ['-u'], options).stdout).toBe('0\n');
});

test('the maps of a process are read from outside', async () => {
  const child = await spawn('sleep', ['60'], { namespaces: [user()], stdio: 'ignore' });
  try {
    expect(readIdMaps({ in: child.pid })).toEqual({ ...resolveMaps('root'), setgroups: 'deny' });
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
  expect(readIdMaps().uid).toEqual(parseIdMap(readFileSync('/proc/self/uid_map', 'utf8')));
  expect(readIdMaps({ in: 'self' })).toEqual(readIdMaps());
  expect(() => readIdMaps({ in: 0 })).toThrow(RangeError);
  expect(() => readIdMaps({ on: 1 } as never)).toThrow('options.on is not known');
  expect(() => readIdMaps({ in: 2 ** 22 })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

test('the maps of a namespace without a process are read by way of its handle', () => {
  using namespace = createNamespace(user({ map: 'current' }));
  expect(readIdMaps({ in: namespace })).toEqual({ ...resolveMaps('current'), setgroups: 'deny' });
  using own = Namespace.current('user');
  expect(readIdMaps({ in: own })).toEqual(readIdMaps());
  using uts = Namespace.current('uts');
  expect(() => readIdMaps({ in: uts })).toThrow(
    'options.in must be a user namespace, got one of type uts',
  );
});

test('user refuses wrong maps and ids before anything is started', () => {
  expect(() => user({ map: 'nobody' as 'root' })).toThrow(/^user\.map must be root, current/);
  expect(() => user({ map: { uid: [] } })).toThrow('user.map.uid must have at least one range');
  expect(() => user({ uid: 1 })).toThrow('user.uid must be an id that is mapped, got 1');
  expect(() => user({ gid: -1 })).toThrow(RangeError);
  expect(() => user({ setgroups: 'maybe' as 'deny' })).toThrow(/^user\.setgroups must be/);
});

test('user throws a TypeError for a non-object and for an unknown option', () => {
  expect(() => user(null as never)).toThrow(new TypeError('user must be an object, got null'));
  expect(() => user({ mapp: true } as never)).toThrow(TypeError);
  expect(() => user({ mapp: true } as never)).toThrow('user.mapp is not known (did you mean map?)');
  const wrong: [object, string][] = [
    [{ map: { uids: [] } }, 'user.map.uids is not known (did you mean uid?)'],
    [
      { map: { uid: [{ inside: 0, outsied: 0 }] } },
      'user.map.uid[0].outsied is not known (did you mean outside?)',
    ],
    [{ owner: null }, 'user.owner must be an object, got null'],
    [{ owner: { uid: 0, gdi: 0 } }, 'user.owner.gdi is not known (did you mean gid?)'],
    [{ runAs: { user: 0 } }, 'user.runAs.user is not known'],
    [{ capabilities: { kepe: [] } }, 'user.capabilities.kepe is not known (did you mean keep?)'],
  ];
  for (const [options, message] of wrong) expect(() => user(options)).toThrow(message);
});
