// What is left after many rounds, after failures, after a process that was killed, in a Worker.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNamespace, runSync, unshareDirectories } from '@ns/core';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { attach, DetachedMount, listMounts, mount, pivotRoot, rootfs, umount } from './index.js';
import { scratchDirectory, scratchNamespace, system } from './testing.js';

// So that this thread can enter mount namespaces.
beforeAll(() => unshareDirectories());

const descriptors = () => readdirSync('/proc/self/fd').length;

test('a thousand rounds leave no descriptor and no mount', () => {
  const target = scratchDirectory();
  using namespace = createNamespace(mount());
  namespace.enter(() => {
    const [fds, mounts] = [descriptors(), listMounts().length];
    for (let i = 0; i < 1000; i++) {
      attach({ type: 'tmpfs', target, size: '1M' });
      umount(target, { detach: true }); // others may look at it
      DetachedMount.create({ type: 'bind', source: target }).close();
      expect(() =>
        attach({ type: 'other', filesystem: 'tmpfs', parameters: { x: 1 }, target }),
      ).toThrow('EINVAL');
      expect(() => DetachedMount.create({ type: 'bind', source: '/no/such' })).toThrow('ENOENT');
    }
    expect([descriptors(), listMounts().length]).toEqual([fds, mounts]);
  });
});

test('operations elsewhere that fail leave nothing there', async () => {
  const namespace = await scratchNamespace();
  const target = scratchDirectory();
  const before = listMounts({ in: namespace });
  const fds = descriptors();
  for (let i = 0; i < 50; i++) {
    const place = { in: namespace };
    expect(() => attach({ type: 'tmpfs', target: '/no/such' }, place)).toThrow('ENOENT');
    expect(() => attach({ type: 'bind', source: '/etc/passwd', target }, place)).toThrow('EINVAL');
    expect(() => pivotRoot(target, place)).toThrow('EINVAL');
  }
  expect(listMounts({ in: namespace })).toEqual(before);
  expect(descriptors()).toBe(fds);
});

test('roots that cannot be made leave nothing', () => {
  const source = scratchDirectory();
  mkdirSync(join(source, 'data'));
  const [fds, mounts] = [descriptors(), listMounts().length];
  for (let i = 0; i < 20; i++) {
    const missing = { type: 'bind', source: '/no/such', target: '/data' } as const;
    const namespaces = [rootfs({ source, overlay: true, mounts: [...system, missing] })];
    expect(() => runSync('/bin/true', [], { namespaces, cwd: '/' })).toThrow(
      'failed in the child, binding /no/such at /data: ENOENT',
    );
  }
  expect([descriptors(), listMounts().length]).toEqual([fds, mounts]);
  expect(readdirSync(source)).toEqual(['data']);
});

/** Runs a script in a new process with the built package, kills it after its first line, and returns that line. */
async function killedAfter(source: string): Promise<string> {
  const options = ['--input-type=module', '-e', source];
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return line as string;
}

test('a process that is killed leaves no mount and no loop device', async () => {
  const file = join(scratchDirectory(), 'image');
  const target = scratchDirectory();
  writeFileSync(file, '');
  truncateSync(file, 4 << 20);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', file]);
  const bound = () =>
    execFileSync('losetup', ['-n', '-O', 'NAME', '-j', file], { encoding: 'utf8' }).trim();
  const device = await killedAfter(`
    import { unshare, unshareDirectories } from '@ns/core';
    import { DetachedMount, statMountAt, setPropagation } from '@ns/mount';
    unshareDirectories();
    unshare('mount');
    setPropagation('/', 'private', { recursive: true });
    const loose = DetachedMount.createFromImage(${JSON.stringify(file)}, 'ext4');
    DetachedMount.create({ type: 'bind', source: '/proc/self/fd/' + loose.fd }).attach(${JSON.stringify(target)});
    console.log(statMountAt(${JSON.stringify(target)}).source);
    setInterval(() => {}, 1000);
  `);
  expect(device).toMatch(/^\/dev\/loop\d+\n$/);
  await expect.poll(bound).toBe('');
  expect(listMounts().map((one) => one.target)).not.toContain(target);
});

test('a Worker mounts in a namespace of its own, and the process sees nothing of it', async () => {
  const target = scratchDirectory();
  const seen = await killedAfter(`
    import { Worker } from 'node:worker_threads';
    const code = \`
      import { parentPort } from 'node:worker_threads';
      import { unshare, unshareDirectories } from '@ns/core';
      import { attach, MountTable, setPropagation } from '@ns/mount';
      const target = \${JSON.stringify(${JSON.stringify(target)})};
      unshareDirectories();
      unshare('mount');
      setPropagation('/', 'private', { recursive: true });
      attach({ type: 'tmpfs', target });
      parentPort.postMessage(MountTable.read().find(target).type);\`;
    const { MountTable } = await import('@ns/mount');
    new Worker(code, { eval: true }).once('message', (type) => {
      console.log(type, MountTable.read().isMountPoint(${JSON.stringify(target)}));
    });
  `);
  expect(seen).toBe('tmpfs false\n');
});
