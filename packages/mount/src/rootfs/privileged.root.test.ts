// Roots made by root, without a user namespace.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runSync } from '@ns/core';
import { expect, test } from 'vitest';
import { type RootfsOptions, rootfs } from '../index.js';
import { scratchDirectory, system } from '../testing.js';

function sh(script: string, options: RootfsOptions): string {
  const mounts = [...system, ...(options.mounts ?? [])];
  const namespaces = [{ type: 'pid' as const }, rootfs({ ...options, mounts })];
  return runSync('/bin/sh', ['-ec', script], { namespaces, cwd: '/' }).stdout as string;
}

test('devices are made, not bound', () => {
  const seen = sh(
    'grep -c " /dev/null " /proc/self/mountinfo || true; echo x >/dev/null; stat -c "%t:%T %a" /dev/null /dev/tty',
    {},
  );
  expect(seen).toBe('0\n1:3 666\n5:0 666\n');
});

test('an overlay in memory takes changes of every kind', () => {
  const top = scratchDirectory();
  for (const name of ['a', 'b']) mkdirSync(join(top, name));
  const seen = sh('rmdir /a; mkdir /a; touch /a/x; mv /b /c; ls /', { source: top, overlay: true });
  expect(seen.split('\n')).toEqual(expect.arrayContaining(['a', 'c']));
  expect(readdirSync(top).sort()).toEqual(['a', 'b']);
});

test('an upper layer keeps the changes', () => {
  const [top, layers] = [scratchDirectory(), scratchDirectory()];
  const [upper, work] = [join(layers, 'upper'), join(layers, 'work')];
  mkdirSync(upper);
  mkdirSync(work);
  sh('echo kept >/file', { source: top, overlay: { upper, work } });
  expect(sh('cat /file', { source: top, overlay: { upper, work } })).toBe('kept\n');
  expect(readdirSync(top)).toEqual([]);
});

test('a working directory that is a link out of the root is refused', () => {
  const source = scratchDirectory();
  for (const name of ['dev', 'proc', 'sys', 'tmp', 'etc']) mkdirSync(join(source, name));
  for (const { target } of system) mkdirSync(join(source, target));
  symlinkSync(`/proc/${process.pid}/root`, join(source, 'out')); // without a new pid namespace
  symlinkSync('../../../etc', join(source, 'up'));
  const root = { source, mounts: system };
  const pwd = (workdir: string) =>
    runSync('/bin/pwd', [], { namespaces: [rootfs({ ...root, workdir })] }).stdout;
  const pwdBySpawn = (cwd: string) =>
    runSync('/bin/pwd', [], { namespaces: [rootfs(root)], cwd }).stdout;
  for (const way of [pwd, pwdBySpawn]) {
    expect(() => way('/out')).toThrow('changing the working directory: ELOOP');
    expect(way('/up')).toBe('/etc\n');
  }
});
