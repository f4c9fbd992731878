import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isSystemError, Namespace, runSync, spawn } from '@ns/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Mount } from './mounts.js';
import { attach, bind, move, umount } from './operations.js';
import { pivotRoot } from './pivot-root.js';
import { setPropagation } from './propagation.js';
import { remount } from './remount.js';
import { mount } from './spec.js';
import { MountTable } from './table/mount-table.js';
import { asRoot, findmnt, scratchDirectory, scratchNamespace } from './testing.js';

/** Makes a directory as a mount namespace sees it. */
function runMkdir(namespace: Namespace, path: string): void {
  const owner = process.geteuid?.() === 0 ? null : namespace.owner();
  try {
    const namespaces = owner ? [owner, namespace] : [namespace];
    runSync('mkdir', [path], { namespaces, trustMounts: true });
  } finally {
    owner?.close();
  }
}

describe('in another mount namespace', () => {
  test('a tmpfs is mounted, moved and unmounted there, and nowhere else', async () => {
    const namespace = await scratchNamespace();
    const [first, second] = [scratchDirectory(), scratchDirectory()];
    attach({ type: 'tmpfs', target: first, size: '1M' }, { in: namespace });
    expect(findmnt(namespace, '-R', first)).toMatchObject([{ target: first, fstype: 'tmpfs' }]);
    move(first, second, { in: namespace });
    expect(findmnt(namespace, second)).toMatchObject([{ target: second }]);
    umount(second, { in: namespace });
    expect(findmnt(namespace).map(({ target }) => target)).not.toContain(second);
    using own = Namespace.current('mount');
    expect(own.equals(namespace)).toBe(false);
  });

  test('a read-only bind holds for the mounts below as well', async () => {
    const namespace = await scratchNamespace();
    const [source, target] = [scratchDirectory(), scratchDirectory()];
    attach({ type: 'tmpfs', target: source }, { in: namespace });
    bind(source, target, { in: namespace, readonly: true, nosuid: true });
    const [found] = findmnt(namespace, target);
    expect(found?.options.split(',')).toEqual(expect.arrayContaining(['ro', 'nosuid']));
  });

  test('propagation is set', async () => {
    const namespace = await scratchNamespace();
    const target = scratchDirectory();
    attach({ type: 'tmpfs', target }, { in: namespace });
    for (const propagation of ['shared', 'private', 'unbindable'] as const) {
      setPropagation(target, propagation, { in: namespace });
      expect(findmnt(namespace, target)[0]?.propagation.split(',')).toContain(propagation);
    }
  });

  test('a mount can be a slave and shared at once', async () => {
    const namespace = await scratchNamespace();
    const [first, second] = [scratchDirectory(), scratchDirectory()];
    attach({ type: 'tmpfs', target: first }, { in: namespace });
    setPropagation(first, 'shared', { in: namespace });
    bind(first, second, { in: namespace });
    setPropagation(second, 'slave', { in: namespace });
    setPropagation(second, 'shared', { in: namespace });
    expect(findmnt(namespace, second)[0]?.propagation.split(',').sort()).toEqual([
      'shared',
      'slave',
    ]);
  });

  test('attributes are set and cleared, below as well if asked for', async () => {
    const namespace = await scratchNamespace();
    const target = scratchDirectory();
    const options = (path: string) => findmnt(namespace, path)[0]?.options.split(',') ?? [];
    attach({ type: 'tmpfs', target }, { in: namespace });
    const below = join(target, 'name with spaces');
    runMkdir(namespace, below);
    attach({ type: 'tmpfs', target: below }, { in: namespace });
    const all = { readonly: true, nosuid: true, nodev: true, noexec: true, nosymfollow: true };
    const names = ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'];
    remount(target, { ...all, in: namespace });
    expect(options(target)).toEqual(expect.arrayContaining(names));
    expect(options(below)).not.toContain('noexec');
    remount(target, { ...all, atime: 'strictatime', recursive: true, in: namespace });
    expect(options(below)).toEqual(expect.arrayContaining(names));
    expect(options(below)).not.toContain('relatime');
    remount(target, { atime: 'noatime', nodiratime: true, readonly: false, in: namespace });
    expect(options(target)).toEqual(expect.arrayContaining(['rw', 'noatime', 'nodiratime']));
  });

  test('a mount expires if nothing uses it', async () => {
    const namespace = await scratchNamespace();
    const target = scratchDirectory();
    attach({ type: 'tmpfs', target }, { in: namespace });
    expect(() => umount(target, { expire: true, in: namespace })).toThrow('EAGAIN');
    umount(target, { expire: true, in: namespace });
    expect(() => umount(target, { in: namespace })).toThrow('EINVAL');
    expect(() => umount(target, { expire: true, detach: true })).toThrow('cannot be combined');
  });

  test('a link is followed, or not', async () => {
    const namespace = await scratchNamespace();
    const [target, link] = [scratchDirectory(), join(scratchDirectory(), 'link')];
    symlinkSync(target, link);
    attach({ type: 'tmpfs', target: link }, { in: namespace });
    expect(findmnt(namespace, target)).toHaveLength(1);
    expect(() => umount(link, { nofollow: true, in: namespace })).toThrow('EINVAL');
    umount(link, { in: namespace });
    expect(findmnt(namespace).map((found) => found.target)).not.toContain(target);
  });

  test('what an outer user namespace has locked stays, and cannot be taken away', async () => {
    const target = scratchDirectory();
    const mounts: Mount[] = [{ type: 'tmpfs', target, nosuid: true, nodev: true }];
    const deeper = ['-Urm', 'sh', '-c', 'echo ready; exec sleep 60'];
    const child = await spawn('unshare', deeper, {
      namespaces: [asRoot(), mount({ mounts })],
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await child.exited;
    });
    await once(child.stdout as Readable, 'data');
    const place = { in: child.pid };
    const options = () => MountTable.read(place).find(target)?.options;
    remount(target, { readonly: true, noexec: true, ...place });
    expect(options()).toEqual(expect.arrayContaining(['ro', 'noexec', 'nosuid', 'nodev']));
    expect(() => remount(target, { nosuid: false, ...place })).toThrow('EPERM');
    expect(() => umount(target, place)).toThrow('EINVAL');
    remount(target, { noexec: false, ...place });
    expect(options()).not.toContain('noexec');
  });

  test('an error names the call', async () => {
    const namespace = await scratchNamespace();
    const target = scratchDirectory();
    writeFileSync(join(target, 'file'), '');
    const failure = (run: () => void) => {
      try {
        run();
      } catch (error) {
        return isSystemError(error) ? `${error.syscall} ${error.code}` : error;
      }
      return 'no error';
    };
    expect(failure(() => umount(target, { in: namespace }))).toBe('umount2 EINVAL');
    expect(
      failure(() => attach({ type: 'tmpfs', target: join(target, 'file') }, { in: namespace })),
    ).toBe('move_mount EINVAL');
    expect(failure(() => umount('/nonexistent', { in: namespace }))).toBe('umount2 ENOENT');
  });
});

test('arguments are checked first', () => {
  expect(() => umount('', {})).toThrow("target must be a path, not an empty string, got ''");
  expect(() => umount('/x', { expire: true, detach: true })).toThrow(
    'options.expire cannot be combined',
  );
  expect(() => attach({ type: 'tmpfs', target: '/x' }, { in: 'y' as never })).toThrow(
    "options.in must be a handle of a mount namespace, a pid or 'self', got 'y'",
  );
  const on = { on: 1 } as never; // a mistake in `in` must not end in one's own namespace
  const tmpfs: Mount = { type: 'tmpfs', target: '/x' };
  expect(() => attach(tmpfs, on)).toThrow('options.on is not known (did you mean in?)');
  expect(() => bind('/x', '/y', on)).toThrow('options.on is not known');
  expect(() => umount('/x', on)).toThrow('options.on is not known');
  expect(() => move('/x', '/y', on)).toThrow('options.on is not known');
  expect(() => remount('/x', on)).toThrow('options.on is not known');
  expect(() => setPropagation('/x', 'private', on)).toThrow('options.on is not known');
  expect(() => pivotRoot('/x', on)).toThrow('options.on is not known');
  expect(() => MountTable.read(on)).toThrow('options.on is not known');
  expect(() => attach(tmpfs, { in: 0 })).toThrow(RangeError);
  expect(() => attach(tmpfs, { in: -1 })).toThrow('options.in must be a pid from 1 to');
  expect(() => attach(undefined as never)).toThrow('mount must be an object, got undefined');
  expect(() => setPropagation('/x', 'open' as never)).toThrow('propagation must be one of');
});
