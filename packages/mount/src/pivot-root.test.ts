import { join } from 'node:path';
import { AT, Program, runProgramSync } from '@ns/core/authors';
import { expect, test } from 'vitest';
import { addAttach, addFilesystem } from './build.js';
import { tmpfs } from './filesystems.js';
import { attach, umount } from './operations.js';
import { addPivot, pivotRoot } from './pivot-root.js';
import { runInNamespace } from './run-in-namespace.js';
import { mount } from './spec.js';
import { listMounts } from './table/list-mounts.js';
import { MountTable } from './table/mount-table.js';
import { asRoot, scratchDirectory, scratchNamespace } from './testing.js';

const onRoot = { directory: AT.FDCWD, path: '/', flags: 0 };

function stack(program: Program) {
  const tree = addFilesystem(program, tmpfs({}), 0, true, 'stacking');
  addAttach(program, tree, onRoot, 'stacking');
  return tree;
}

test('nothing is left of the old root', () => {
  const program = new Program();
  addPivot(program, stack(program), 'pivoting');
  const missing = program.call('openat', AT.FDCWD, '/proc', 0, 0, { tolerate: ['ENOENT'] });
  const results = runProgramSync(program, { namespaces: [asRoot(), mount()] });
  expect(results.resultOf(missing)).toBe(-2);
});

test('addPivot throws if a mount of the old root would remain', () => {
  const program = new Program();
  stack(program); // one more than addPivot expects
  addPivot(program, stack(program), 'pivoting');
  expect(() => runProgramSync(program, { namespaces: [asRoot(), mount()] })).toThrow(
    'Something else is mounted over the root directory',
  );
});

test('another namespace gets another root, and nothing is left of the old one', async () => {
  const namespace = await scratchNamespace();
  const target = scratchDirectory();
  attach({ type: 'tmpfs', target, size: '1M' }, { in: namespace });
  pivotRoot(target, { in: namespace });
  expect(listMounts({ in: namespace })).toMatchObject([{ target: '/', type: 'tmpfs' }]);
});

test('the old root can be kept below the new one', async () => {
  const namespace = await scratchNamespace();
  const target = scratchDirectory();
  attach({ type: 'tmpfs', target, size: '1M' }, { in: namespace });
  runInNamespace(namespace, (program) => {
    program.call('mkdirat', AT.FDCWD, join(target, 'old'), 0o700);
  });
  const before = listMounts({ in: namespace }).length;
  pivotRoot(target, { putOld: join(target, 'old'), in: namespace });
  const table = MountTable.read({ in: namespace });
  expect(table.find('/')).toMatchObject({ type: 'tmpfs' });
  expect(table.isMountPoint('/old')).toBe(true);
  expect(table.mounts).toHaveLength(before);
  umount('/old', { detach: true, in: namespace });
  expect(listMounts({ in: namespace })).toHaveLength(1);
});

test('a root can be pivoted onto itself: the old one lies on it until it is taken away', async () => {
  const namespace = await scratchNamespace();
  const target = scratchDirectory();
  const topmost = () => MountTable.read({ in: namespace }).find('/');
  const old = topmost()?.id;
  attach({ type: 'tmpfs', target, size: '1M' }, { in: namespace });
  pivotRoot(target, { putOld: target, in: namespace });
  expect(topmost()?.id).toBe(old); // who joins now begins with what is on top
  umount('/', { detach: true, in: namespace });
  expect(listMounts({ in: namespace })).toMatchObject([{ target: '/', type: 'tmpfs' }]);
});

test('pivotRoot changes no mount if it fails', async () => {
  const namespace = await scratchNamespace();
  const before = listMounts({ in: namespace });
  // A directory that is not a mountpoint, and the present root itself.
  expect(() => pivotRoot(scratchDirectory(), { in: namespace })).toThrow('EINVAL');
  expect(() => pivotRoot('/', { in: namespace })).toThrow(/EBUSY|EINVAL/);
  expect(listMounts({ in: namespace })).toEqual(before);
});
