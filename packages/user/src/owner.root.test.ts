// A user namespace made on behalf of another user.
import { Namespace, spawn } from '@ns/core';
import { expect, test } from 'vitest';
import { readIdMaps } from './read-id-maps.js';
import { user } from './spec.js';

test('the owner of a user namespace can be another user, who is root inside', async () => {
  const owner = { uid: 12_345, gid: 23_456 };
  await using child = await spawn('sh', ['-c', 'id -u; id -g; read line'], {
    namespaces: [user({ owner }), { type: 'uts' }],
  });
  const lines = child.lines[Symbol.asyncIterator]();
  expect([(await lines.next()).value, (await lines.next()).value]).toEqual(['0', '0']);
  using handle = Namespace.of(child.pid, 'user');
  expect(handle.ownerUid()).toBe(owner.uid);
  const { uid, gid } = readIdMaps({ in: child.pid });
  expect([uid, gid]).toEqual([
    [{ inside: 0, outside: owner.uid, length: 1 }],
    [{ inside: 0, outside: owner.gid, length: 1 }],
  ]);
  using uts = Namespace.of(child.pid, 'uts');
  using owning = uts.owner();
  expect(owning?.equals(handle)).toBe(true);
});

test('a range of ids can be mapped for the owner', async () => {
  const map = {
    uid: [
      { inside: 0, outside: 12_345, length: 1 },
      { inside: 1, outside: 200_000, length: 100 },
    ],
    gid: [{ inside: 0, outside: 23_456, length: 1 }],
  };
  await using child = await spawn('id', ['-u'], {
    namespaces: [user({ owner: { uid: 12_345, gid: 23_456 }, map })],
  });
  expect((await child.exited).code).toBe(0);
});

test('user names options.owner.uid if it is not an id', () => {
  expect(() => user({ owner: { uid: -1, gid: 0 } })).toThrow('owner.uid');
});
