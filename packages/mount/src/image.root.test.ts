// File systems in files: made by the tools of each, mounted by way of loop devices.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNamespace, runSync, unshareDirectories } from '@ns/core';
import { closeFd, trySyscall } from '@ns/core/sys';
import { beforeAll, expect, onTestFinished, type TestContext, test } from 'vitest';
import { attach, DetachedMount, LoopDevice, mount, rootfs, statMountAt, umount } from './index.js';
import { asRoot, scratchDirectory, system } from './testing.js';

// So that this thread can enter mount namespaces.
beforeAll(() => unshareDirectories());

/** Runs a function on this thread, in a mount namespace of its own. */
function inside<Result>(fn: () => Result): Result {
  using namespace = createNamespace(mount());
  return namespace.enter(fn);
}

const tools = {
  squashfs: (file: string, source: string) =>
    execFileSync('mksquashfs', [source, file, '-comp', 'gzip', '-noappend', '-quiet'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  erofs: (file: string, source: string) =>
    execFileSync('mkfs.erofs', ['--quiet', file, source], { stdio: 'ignore' }),
  ext4: (file: string, source: string) => {
    writeFileSync(file, '');
    truncateSync(file, 4 << 20);
    execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', source, file]);
  },
} as const;
type Filesystem = keyof typeof tools;
const filesystems = Object.keys(tools) as Filesystem[];

/** An image with a file in it, and the usual directories. */
function image(context: TestContext, filesystem: Filesystem): string {
  const fd = trySyscall('fsopen', filesystem, 1 /* FSOPEN_CLOEXEC */);
  context.skip(fd === -19 /* ENODEV */, `this kernel has no ${filesystem}`);
  closeFd(fd);
  const [source, target] = [scratchDirectory(), scratchDirectory()];
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'usr', 'bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(source, name));
  }
  writeFileSync(join(source, 'file'), `in ${filesystem}`);
  const file = join(target, 'image');
  tools[filesystem](file, source);
  return file;
}

/** The loop devices of a file, as losetup(8) sees them. */
const devices = (file: string) =>
  execFileSync('losetup', ['-n', '-O', 'NAME', '-j', file], { encoding: 'utf8' }).trim();

test.for(filesystems)(
  'an image of %s is mounted, and its device freed with the mount',
  async (filesystem, context) => {
    const file = image(context, filesystem);
    const target = scratchDirectory();
    inside(() => {
      using detached = DetachedMount.createFromImage(file, filesystem);
      detached.attach(target);
      expect(statMountAt(target)).toMatchObject({ type: filesystem, source: devices(file) });
      expect(readFileSync(join(target, 'file'), 'utf8')).toBe(`in ${filesystem}`);
      expect(() => writeFileSync(join(target, 'other'), '')).toThrow('EROFS');
      umount(target);
    });
    await expect.poll(() => devices(file)).toBe('');
  },
);

test.for(filesystems)('an image of %s can be the root of a container', (filesystem, context) => {
  using source = DetachedMount.createFromImage(image(context, filesystem), filesystem);
  const namespaces = [asRoot(), rootfs({ source, mounts: system })];
  const { stdout } = runSync('/bin/cat', ['/file'], { namespaces, cwd: '/' });
  expect(stdout).toBe(`in ${filesystem}`);
});

test('an image is changed only if that is asked for', async (context) => {
  const file = image(context, 'ext4');
  const target = scratchDirectory();
  const write = (readonly: boolean) =>
    inside(() => {
      using detached = DetachedMount.createFromImage(file, 'ext4', { readonly });
      detached.attach(target);
      writeFileSync(join(target, 'file'), 'changed');
    });
  const before = readFileSync(file);
  expect(() => write(true)).toThrow('EROFS');
  expect(readFileSync(file).equals(before)).toBe(true);
  write(false);
  inside(() => {
    using detached = DetachedMount.createFromImage(file, 'ext4');
    expect(readFileSync(`/proc/self/fd/${detached.fd}/file`, 'utf8')).toBe('changed');
  });
  await expect.poll(() => devices(file)).toBe('');
});

test('an image can be a part of a file', async (context) => {
  const file = image(context, 'squashfs');
  const content = readFileSync(file);
  const offset = 8192;
  writeFileSync(file, Buffer.alloc(offset, 'x'));
  appendFileSync(file, content);
  appendFileSync(file, Buffer.alloc(8192, 'y'));
  {
    using detached = DetachedMount.createFromImage(file, 'squashfs', {
      offset,
      size: content.length,
    });
    expect(readFileSync(`/proc/self/fd/${detached.fd}/file`, 'utf8')).toBe('in squashfs');
  }
  await expect.poll(() => devices(file)).toBe('');
});

test('an image of another file system is refused, and its device freed', async (context) => {
  const file = image(context, 'ext4');
  expect(() => DetachedMount.createFromImage(file, 'squashfs')).toThrow('EINVAL');
  await expect.poll(() => devices(file)).toBe('');
  expect(() => DetachedMount.createFromImage(file, 'floppyfs')).toThrow('ENODEV');
  await expect.poll(() => devices(file)).toBe('');
  expect(() => DetachedMount.createFromImage(join(file, 'not'), 'ext4')).toThrow('ENOTDIR');
});

test('a loop device is freed when it is closed, and no mount uses it', async (context) => {
  const file = image(context, 'ext4');
  const target = scratchDirectory();
  const loop = LoopDevice.create(file);
  onTestFinished(() => loop.close());
  expect(devices(file)).toBe(loop.path);
  inside(() => {
    const source = { type: 'other', filesystem: 'ext4', source: loop.path } as const;
    attach({ ...source, readonly: true, target });
    loop.close();
    expect(devices(file)).toBe(loop.path);
    umount(target);
  });
  await expect.poll(() => devices(file)).toBe('');
});
