import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { createNamespace, Namespace, runSync, unshareDirectories } from '@ns/core';
import { skipUnlessKernel } from '@ns/core/testing';
import { beforeAll, expect, test } from 'vitest';
import {
  attach,
  bind,
  DetachedMount,
  joinPeerGroup,
  listMounts,
  mount,
  move,
  reconfigure,
  remount,
  rootfs,
  setPropagation,
  umount,
} from './index.js';
import { asRoot, scratchDirectory, scratchNamespace, system } from './testing.js';

// So that this thread can enter mount namespaces.
beforeAll(() => unshareDirectories());

/** Runs a function on this thread, in a mount namespace of its own. */
function inside<Result>(fn: () => Result): Result {
  using namespace = createNamespace(mount());
  return namespace.enter(fn);
}

const [major = 0, minor = 0] = release().split('.').map(Number);
const kernel = (wanted: number) => major > 6 || (major === 6 && minor >= wanted);

const at = (target: string) => listMounts().filter((one) => one.target === target);

test('the operations work for the calling thread', () => {
  const [first, second, third] = [scratchDirectory(), scratchDirectory(), scratchDirectory()];
  inside(() => {
    attach({ type: 'tmpfs', target: first, size: '1M' });
    reconfigure(first, { size: '2M' });
    expect(at(first)[0]?.superOptions).toContain('size=2048k');
    expect(() => reconfigure(first, { size: 'big' })).toThrow(/The kernel says: tmpfs: Bad value/);
    remount(first, { noexec: true, atime: 'noatime' });
    expect(at(first)[0]?.options).toEqual(expect.arrayContaining(['noexec', 'noatime']));
    remount(first, { noexec: false });
    expect(at(first)[0]?.options).not.toContain('noexec');
    move(first, second);
    bind(second, third);
    setPropagation(second, 'shared');
    joinPeerGroup(second, third);
    expect(at(third)[0]?.peerGroup).toBe(at(second)[0]?.peerGroup);
    umount(second);
    umount(third, { detach: true });
    expect(at(second)).toEqual([]);
  });
  expect(at(first)).toEqual([]);
});

test('a mount is used before it is attached, and gone if it never is', () => {
  const target = scratchDirectory();
  inside(() => {
    const before = listMounts().length;
    {
      using detached = DetachedMount.create({ type: 'tmpfs', size: '1M' });
      writeFileSync(`/proc/self/fd/${detached.fd}/file`, 'early');
      detached.setAttributes({ readonly: true, nosuid: true });
      detached.attach(target);
      expect(() => detached.fd).toThrow('has been attached or closed');
    }
    expect(readFileSync(join(target, 'file'), 'utf8')).toBe('early');
    expect(() => writeFileSync(join(target, 'other'), '')).toThrow('EROFS');
    umount(target);
    DetachedMount.create({ type: 'bind', source: target }).close();
    expect(listMounts()).toHaveLength(before);
  });
});

test('a mount made here is attached in another namespace', async () => {
  const namespace = await scratchNamespace();
  const target = scratchDirectory();
  using detached = DetachedMount.create({ type: 'tmpfs', size: '1M' });
  writeFileSync(`/proc/self/fd/${detached.fd}/file`, 'made here');
  attach({ type: 'detached', mount: detached, target }, { in: namespace });
  expect(listMounts({ in: namespace }).filter((one) => one.target === target)).toHaveLength(1);
  expect(at(target)).toEqual([]);
  const again = { type: 'detached', mount: detached, target } as const;
  expect(() => attach(again, { in: namespace })).toThrow('attaching a detached mount');
});

test('a mount can be put beneath another one', (context) => {
  skipUnlessKernel(context, '6.5');
  const target = scratchDirectory();
  inside(() => {
    attach({ type: 'tmpfs', target });
    writeFileSync(join(target, 'top'), '');
    using beneath = DetachedMount.create({ type: 'tmpfs' });
    writeFileSync(`/proc/self/fd/${beneath.fd}/bottom`, '');
    beneath.attach(target, { beneath: true });
    expect(statSync(join(target, 'top')).isFile()).toBe(true);
    umount(target);
    expect(statSync(join(target, 'bottom')).isFile()).toBe(true);
  });
});

test('an idmapped mount shows other owners', (context) => {
  skipUnlessKernel(context, '6.3'); // on tmpfs
  const [source, target] = [scratchDirectory(), scratchDirectory()];
  writeFileSync(join(source, 'file'), '');
  inside(() => {
    using detached = DetachedMount.create({ type: 'bind', source });
    const range = [{ inside: 0, outside: 12345, length: 10 }];
    detached.setAttributes({ idmap: { uid: range, gid: range } });
    detached.attach(target);
    expect(statSync(join(target, 'file'))).toMatchObject({ uid: 12345, gid: 12345 });
  });
  expect(statSync(join(source, 'file')).uid).toBe(0);
});

test('a copy has an id map and attributes of its own', ({ skip }) => {
  skip(!kernel(15), 'open_tree_attr came with Linux 6.15');
  const [source, target] = [scratchDirectory(), scratchDirectory()];
  writeFileSync(join(source, 'file'), '');
  const idmap = (outside: number) => {
    const range = [{ inside: 0, outside }];
    return { uid: range, gid: range };
  };
  inside(() => {
    using detached = DetachedMount.create({ type: 'bind', source });
    detached.setAttributes({ idmap: idmap(12345) });
    expect(() => detached.setAttributes({ idmap: idmap(54321) })).toThrow('EPERM');
    using copy = detached.copy({ idmap: idmap(54321), readonly: true });
    copy.attach(target);
    expect(statSync(join(target, 'file')).uid).toBe(54321);
    expect(statSync(`/proc/self/fd/${detached.fd}/file`).uid).toBe(12345);
    expect(() => writeFileSync(join(target, 'file'), 'x')).toThrow('EROFS');
  });
});

test('an id map can be that of a user namespace', () => {
  const [source, target] = [scratchDirectory(), scratchDirectory()];
  writeFileSync(join(source, 'file'), '');
  using user = createNamespace(asRoot());
  inside(() => {
    using detached = DetachedMount.create({ type: 'bind', source });
    detached.setAttributes({ idmap: user });
    detached.attach(target);
    expect(statSync(join(target, 'file')).uid).toBe(0);
  });
  using net = Namespace.current('net');
  using detached = DetachedMount.create({ type: 'bind', source });
  expect(() => detached.setAttributes({ idmap: net })).toThrow(
    'options.idmap must be a user namespace, got one of type net',
  );
});

test('a ramfs has the mode that was asked for', () => {
  const target = scratchDirectory();
  inside(() => {
    attach({ type: 'ramfs', target, mode: 0o710 });
    expect(at(target)[0]).toMatchObject({ type: 'ramfs' });
    expect(statSync(target).mode & 0o777).toBe(0o710);
  });
});

test('a mount becomes a root', (context) => {
  skipUnlessKernel(context, '6.3'); // tmpfs with other owners
  const source = scratchDirectory();
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'usr', 'bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(source, name));
  }
  using detached = DetachedMount.create({ type: 'bind', source });
  const range = [{ inside: 0, outside: 12345 }];
  detached.setAttributes({ idmap: { uid: range, gid: range } });
  const namespaces = [rootfs({ source: detached, mounts: system })];
  const { stdout } = runSync('/bin/stat', ['-c', '%u', '/tmp', '/'], { namespaces, cwd: '/' });
  expect(stdout).toBe('0\n12345\n');
});
