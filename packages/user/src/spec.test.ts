import { readFileSync } from 'node:fs';
import { createNamespace, Namespace, run, runSync, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { parseIdMap, readIdMaps, resolveMaps, user } from './index.js';

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;

/** What a shell inside sees. */
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

test('by default the caller is root inside, and nobody else exists', async () => {
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

test('the caller can be anybody inside', async () => {
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
    expect(readIdMaps(child.pid)).toEqual({ ...resolveMaps('root'), setgroups: 'deny' });
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
  expect(readIdMaps().uid).toEqual(parseIdMap(readFileSync('/proc/self/uid_map', 'utf8')));
  expect(() => readIdMaps(0)).toThrow(TypeError);
  expect(() => readIdMaps(2 ** 30)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

test('the maps of a namespace without a process are read by way of its handle', () => {
  using namespace = createNamespace(user({ map: 'current' }));
  expect(readIdMaps(namespace)).toEqual({ ...resolveMaps('current'), setgroups: 'deny' });
  using own = Namespace.current('user');
  expect(readIdMaps(own)).toEqual(readIdMaps());
  using uts = Namespace.current('uts');
  expect(() => readIdMaps(uts)).toThrow('not one of type uts');
});

test('wrong arguments are refused before anything is started', () => {
  expect(() => user({ map: 'nobody' as 'root' })).toThrow(/^map must be root, current/);
  expect(() => user({ map: { uid: [] } })).toThrow('map.uid must have at least one range');
  expect(() => user({ uid: 1 })).toThrow('uid: 1 is not mapped');
  expect(() => user({ gid: -1 })).toThrow(RangeError);
  expect(() => user({ setgroups: 'maybe' as 'deny' })).toThrow(/^setgroups must be/);
});

test('what is no object, and an option that it does not have, are refused by name', () => {
  expect(() => user(null as never)).toThrow(new TypeError('user must be an object: null'));
  expect(() => user({ mapp: true } as never)).toThrow(TypeError);
  expect(() => user({ mapp: true } as never)).toThrow('user has no option mapp; it has ');
  const wrong: [object, string][] = [
    [{ map: { uids: [] } }, 'map has no option uids; it has uid, gid'],
    [{ map: { uid: [{ inside: 0, outsied: 0 }] } }, 'map.uid[0] has no option outsied'],
    [{ owner: null }, 'owner must be an object: null'],
    [{ owner: { uid: 0, gdi: 0 } }, 'owner has no option gdi'],
    [{ runAs: { user: 0 } }, 'runAs has no option user'],
    [{ capabilities: { kepe: [] } }, 'capabilities has no option kepe'],
  ];
  for (const [options, message] of wrong) expect(() => user(options)).toThrow(message);
});
