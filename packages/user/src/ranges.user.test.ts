import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run, runSync } from '@ns/core';
import { expect, test } from 'vitest';
import { listSubordinateIds, parseIdMap, resolveMaps, user } from './index.js';

const uid = process.geteuid?.() ?? 0;
const gid = process.getegid?.() ?? 0;

/** Why ranges cannot be mapped here, if so. */
function missing(): string | undefined {
  if (!existsSync('/usr/bin/newuidmap')) return 'newuidmap is not installed (Debian: uidmap)';
  if (listSubordinateIds('uid').length === 0 || listSubordinateIds('gid').length === 0) {
    return `user ${uid} has no subordinate ids`;
  }
  return undefined;
}

test('subordinate ids are mapped with the help of newuidmap', async ({ skip }) => {
  const reason = missing();
  skip(reason !== undefined, reason);
  const script = 'id -u; id -g; cat /proc/self/uid_map; echo; cat /proc/self/gid_map';
  const { stdout } = await run('sh', ['-c', script], { namespaces: [user({ map: 'auto' })] });
  const [head = '', gids = ''] = stdout.split('\n\n');
  const [own, group, ...uids] = head.split('\n');
  expect([own, group]).toEqual(['0', '0']);
  const maps = resolveMaps('auto');
  expect(parseIdMap(uids.join('\n'))).toEqual(maps.uid);
  expect(parseIdMap(gids)).toEqual(maps.gid);
  const [first] = listSubordinateIds('uid');
  expect(maps.uid[1]).toEqual({ inside: 1, outside: first?.start, length: first?.count });
});

test('subordinate ids can keep their numbers', async ({ skip }) => {
  const reason = missing();
  skip(reason !== undefined, reason);
  const namespaces = [user({ map: 'subids' })];
  expect(runSync('id', ['-u'], { namespaces }).stdout).toBe(`${uid}\n`);
});

test('set up as root, a command runs as any mapped user', async ({ skip }) => {
  const reason = missing();
  skip(reason !== undefined, reason);
  const options = { namespaces: [user({ map: 'auto' })], uid: 33, gid: 34 };
  const { stdout } = await run('sh', ['-c', 'id -u; id -g'], options);
  expect(stdout).toBe('33\n34\n');
});

test('what newuidmap would refuse is refused with the reason, before anything is started', async ({
  skip,
}) => {
  const reason = missing();
  skip(reason !== undefined, reason);
  const map = {
    uid: [
      { inside: 0, outside: uid },
      { inside: 1, outside: 5, length: 3 },
    ],
    gid: [{ inside: 0, outside: gid }],
  };
  await expect(run('true', [], { namespaces: [user({ map })] })).rejects.toThrow(
    /uids 5 to 7 are not user \S+'s to map: \/etc\/subuid gives it \d+ to \d+/,
  );
});

test('without the helper in PATH the error says what to install', () => {
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    const map = { uid: [{ inside: 0, outside: 5 }] };
    expect(() => runSync('/bin/true', [], { namespaces: [user({ map })] })).toThrow(
      'needs root or newuidmap, which is not installed (Debian: package uidmap)',
    );
  } finally {
    process.env.PATH = path;
  }
});

test('a helper in a relative directory of PATH is not run', ({ skip }) => {
  const reason = missing();
  skip(reason !== undefined, reason);
  const directory = mkdtempSync(join(tmpdir(), 'ns-path-'));
  const path = process.env.PATH;
  try {
    for (const name of ['newuidmap', 'newgidmap']) {
      const planted = join(directory, name);
      writeFileSync(planted, `#!/bin/sh\n: > '${directory}/run'\nexec /usr/bin/${name} "$@"\n`);
      chmodSync(planted, 0o755);
    }
    process.env.PATH = `${relative(process.cwd(), directory)}:/usr/bin:/bin`;
    const { stdout } = runSync('id', ['-u'], { namespaces: [user({ map: 'auto' })] });
    expect(stdout).toBe('0\n');
    expect(existsSync(join(directory, 'run'))).toBe(false);
  } finally {
    process.env.PATH = path;
    rmSync(directory, { recursive: true });
  }
});
