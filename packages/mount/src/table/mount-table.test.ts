import { once } from 'node:events';
import { mkdirSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { spawn } from '@ns/core';
import { MNT, MS, Program, runProgram } from '@ns/core/authors';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attach, bind, umount } from '../operations.js';
import { isAdmin } from '../privileges.js';
import { setPropagation } from '../propagation.js';
import { remount } from '../remount.js';
import { runInNamespace } from '../run-in-namespace.js';
import { mount } from '../spec.js';
import { asRoot, findmnt, scratchDirectory, scratchNamespace } from '../testing.js';
import { listMounts } from './list-mounts.js';
import { MountTable } from './mount-table.js';
import { type MountInfo, parseMountinfo } from './mountinfo.js';
import { findPropagationPaths } from './propagation-paths.js';
import { listMountIds, statMount, statMountAt, statMounts } from './statmount.js';

const [major = 0, minor = 0] = release().split('.').map(Number);
const kernel = (wanted: number) => major > 6 || (major === 6 && minor >= wanted);

/** A table from ids, parents and targets. */
function table(...rows: [id: number, parent: number, target: string][]): MountTable {
  const lines = rows.map(
    ([id, parent, target]) => `${id} ${parent} 0:${id} / ${target} rw - t s rw`,
  );
  return new MountTable(parseMountinfo(lines.join('\n')));
}

describe('a table', () => {
  const some = table(
    [1, 0, '/'],
    [2, 1, '/a'],
    [3, 2, '/a/b'],
    [4, 1, '/a/b/c'], // made before /a, which covers it
    [5, 3, '/a/b'], // stacked
    [6, 5, '/a/b/d'],
  );

  test.each([
    ['/', 1],
    ['/ab', 1],
    ['/a', 2],
    ['/a/x', 2],
    ['/a/b', 5],
    ['/a/b/c/d', 5],
    ['/a/b/d', 6],
    ['//a//b/d/', 6],
  ])('finds what %s is on', (path, id) => {
    expect(some.find(path)?.id).toBe(id);
  });

  test('knows what is covered', () => {
    expect(some.mounts.filter((mount) => !some.isVisible(mount)).map(({ id }) => id)).toEqual([
      3, 4,
    ]);
  });

  test('knows mountpoints, parents and children', () => {
    expect(some.isMountPoint('/a/b/')).toBe(true);
    expect(some.isMountPoint('/a/b/c')).toBe(false);
    expect(some.children(some.get(1)).map(({ id }) => id)).toEqual([2, 4]);
    expect(some.children().map(({ id }) => id)).toEqual([1]);
    expect(some.parent(some.get(6) as MountInfo)?.id).toBe(5);
  });

  test('without a mount for the root answers as far as it can', () => {
    const partial = table([7, 3, '/x'], [8, 4, '/y']);
    expect(partial.find('/x/z')?.id).toBe(7);
    expect(partial.find('/z')).toBeUndefined();
  });

  test('refuses relative paths', () => {
    expect(() => some.find('a')).toThrow('path must be an absolute path');
  });
});

describe('of another namespace', () => {
  test('is what findmnt sees there', async () => {
    const namespace = await scratchNamespace();
    const target = join(scratchDirectory(), 'a b\tc\\d');
    mkdirSync(target);
    attach({ type: 'tmpfs', target, size: '1M', nodev: true }, { in: namespace });
    const seen = listMounts({ in: namespace });
    const found = findmnt(namespace);
    expect(seen.map((mount) => mount.target)).toEqual(found.map((mount) => mount.target));
    expect(seen.map(({ type }) => type)).toEqual(found.map(({ fstype }) => fstype));
    expect(MountTable.read({ in: namespace }).find(target)).toMatchObject({
      target,
      type: 'tmpfs',
    });
  });

  test('changes are found', async () => {
    const namespace = await scratchNamespace();
    const [first, second] = [scratchDirectory(), scratchDirectory()];
    attach({ type: 'tmpfs', target: first }, { in: namespace });
    const before = MountTable.read({ in: namespace });
    expect(before.diff(before)).toEqual([]);
    remount(first, { readonly: true, in: namespace });
    attach({ type: 'tmpfs', target: second }, { in: namespace });
    const between = MountTable.read({ in: namespace });
    expect(before.diff(between)).toMatchObject([
      { kind: 'changed', mount: { target: first, options: expect.arrayContaining(['ro']) } },
      { kind: 'attached', mount: { target: second } },
    ]);
    umount(first, { in: namespace });
    expect(between.diff(MountTable.read({ in: namespace }))).toMatchObject([
      { kind: 'detached', mount: { target: first } },
    ]);
  });

  test('peers, masters and slaves are found', async () => {
    const namespace = await scratchNamespace();
    const [one, two, three] = [scratchDirectory(), scratchDirectory(), scratchDirectory()];
    attach({ type: 'tmpfs', target: one }, { in: namespace });
    setPropagation(one, 'shared', { in: namespace });
    bind(one, two, { in: namespace });
    bind(one, three, { in: namespace });
    setPropagation(three, 'slave', { in: namespace });
    const all = listMounts({ in: namespace });
    const at = (target: string) => all.find((mount) => mount.target === target) as MountInfo;
    const targets = (list: MountInfo[]) => list.map(({ target }) => target);
    const paths = findPropagationPaths(at(one), all);
    expect(targets(paths.peers)).toEqual([two]);
    expect(targets(paths.slaves)).toEqual([three]);
    expect(targets(findPropagationPaths(at(three), all).masters).sort()).toEqual([one, two].sort());
  });
});

test('peers are found across namespaces: a slave gets what is mounted at its master', async () => {
  const script = 'unshare -m --propagation slave sleep 60 & echo $!; exec sleep 60';
  const master = await spawn('sh', ['-c', script], {
    namespaces: [asRoot(), mount({ propagation: 'shared' })],
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(master.stdout as Readable, 'data');
  const slave = Number(line);
  onTestFinished(async () => {
    process.kill(slave, 'SIGKILL');
    master.kill('SIGKILL');
    await master.exited;
  });
  const own = readlinkSync(`/proc/${master.pid}/ns/mnt`);
  await expect.poll(() => readlinkSync(`/proc/${slave}/ns/mnt`)).not.toBe(own);
  await expect.poll(() => listMounts({ in: slave })[0]?.master).toBeDefined();
  const [first, second] = [scratchDirectory(), scratchDirectory()];
  attach({ type: 'tmpfs', target: first }, { in: master.pid });
  attach({ type: 'tmpfs', target: second }, { in: slave });
  const [above, below] = [MountTable.read({ in: master.pid }), MountTable.read({ in: slave })];
  expect([above, below].map((one) => one.isMountPoint(first))).toEqual([true, true]);
  expect([above, below].map((one) => one.isMountPoint(second))).toEqual([false, true]);
  const all = [...above.mounts, ...below.mounts];
  const at = (table: MountTable) => table.find(first) as MountInfo;
  expect(findPropagationPaths(at(above), all).slaves).toEqual([at(below)]);
  expect(findPropagationPaths(at(below), all).masters).toEqual([at(above)]);
});

test('what stays is never missing from a table that changes while it is read', async () => {
  const namespace = await scratchNamespace();
  const [top, other] = [scratchDirectory(), scratchDirectory()];
  const stable = Array.from({ length: 300 }, (_, i) => join(top, `${'x'.repeat(100)}${i}`));
  for (const path of stable) mkdirSync(path);
  runInNamespace(namespace, (program) => {
    for (const path of stable) program.call('mount', top, path, null, MS.BIND, null);
  });
  const churn = new Program();
  for (let i = 0; i < 2000; i++) {
    churn.call('mount', 'none', other, 'tmpfs', 0, null);
    churn.call('umount2', other, MNT.DETACH); // others may look at it
  }
  let done = false;
  using owner = namespace.owner(); // open until the child has joined it
  const namespaces = isAdmin() || owner === null ? [namespace] : [owner, namespace];
  const ended = runProgram(churn, { namespaces }).finally(() => {
    done = true;
  });
  for (let rounds = 0; !done || rounds === 0; rounds++) {
    const targets = new Set(listMounts({ in: namespace }).map(({ target }) => target));
    expect(stable.filter((path) => !targets.has(path))).toEqual([]);
    await new Promise(setImmediate);
  }
  await ended;
});

describe('statmount', () => {
  test('agrees with mountinfo', ({ skip }) => {
    skip(!kernel(13), 'statmount gives all of it from Linux 6.13 on');
    const comparable = ({ uniqueId, propagateFrom, ...mount }: MountInfo) => ({
      ...mount,
      options: [...mount.options].sort(),
      superOptions: [...mount.superOptions].sort(),
    });
    const byText = listMounts().map(comparable);
    expect(statMounts().map(comparable)).toEqual(byText);
  });

  test('finds the mount of a path', ({ skip }) => {
    skip(!kernel(8), 'statmount came with Linux 6.8');
    const found = statMountAt('/proc/self/status');
    expect(found).toMatchObject({ target: '/proc', type: 'proc' });
    expect(statMount(found.uniqueId as bigint)).toEqual(found);
    expect(listMountIds()).toContain(found.uniqueId);
    expect(statMount(2n ** 60n)).toBeUndefined();
    expect(() => statMountAt('/no/such/path')).toThrow('ENOENT');
  });

  test('looks into other namespaces', async ({ skip }) => {
    skip(!kernel(11), 'listmount takes a namespace from Linux 6.11 on');
    skip(process.getuid?.() !== 0, 'listmount asks for privileges over the namespace');
    const namespace = await scratchNamespace();
    const target = scratchDirectory();
    attach({ type: 'tmpfs', target }, { in: namespace });
    expect(statMounts({ in: namespace }).map((mount) => mount.target)).toContain(target);
    expect(statMounts().map((mount) => mount.target)).not.toContain(target);
  });
});

test('names with spaces are read-only in a recursive bind, too', async () => {
  const namespace = await scratchNamespace();
  const [source, target] = [scratchDirectory(), scratchDirectory()];
  const below = join(source, 'name with spaces');
  mkdirSync(below);
  attach({ type: 'tmpfs', target: below }, { in: namespace });
  bind(source, target, { readonly: true, in: namespace });
  const table = MountTable.read({ in: namespace });
  expect(table.find(join(target, 'name with spaces'))?.options).toContain('ro');
  expect(table.find(below)?.options).toContain('rw');
});
