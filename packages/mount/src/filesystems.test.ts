import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, type NamespaceSpec, runSync } from '@ns/core';
import { kernelAtLeast, skipUnlessKernel } from '@ns/core/testing';
import { expect, test } from 'vitest';
import type { MountSource } from './mounts.js';
import { mount } from './spec.js';
import { asRoot, scratchDirectory } from './testing.js';

const everything: NamespaceSpec[] = (['ipc', 'net', 'cgroup', 'pid'] as const).map((type) => ({
  type,
}));

/** Runs a command with this mounted at a new directory. */
function withMount(source: MountSource, command: string, ...args: string[]): string {
  const target = scratchDirectory();
  const namespaces = [asRoot(), ...everything, mount({ mounts: [{ ...source, target }] })];
  return runSync(command, [...args, target], { namespaces }).stdout as string;
}

function layers(...names: string[]): string[] {
  const top = scratchDirectory();
  return names.map((name) => {
    const path = join(top, name);
    mkdirSync(path);
    writeFileSync(join(path, name), name);
    return path;
  });
}

test.each<MountSource>([
  { type: 'tmpfs' },
  { type: 'proc' },
  { type: 'sysfs' },
  { type: 'devpts' },
  { type: 'mqueue' },
  { type: 'cgroup2' },
  { type: 'other', filesystem: 'tmpfs', parameters: { size: '1M', huge: false } },
])('$type is mounted', (source) => {
  const type = source.type === 'other' ? source.filesystem : source.type;
  const found = withMount(source, 'findmnt', '-n', '-o', 'FSTYPE');
  expect(found).toBe(`${type}\n`);
});

test('proc can show only processes', () => {
  const found = withMount({ type: 'proc', subset: 'pid' }, 'ls').split('\n');
  expect(found).toContain('1');
  expect(found).not.toContain('sys');
});

test('a devpts is a new instance, with the modes that were asked for', () => {
  const source: MountSource = { type: 'devpts', ptmxmode: 0o666, mode: 0o620, max: 8 };
  expect(withMount(source, 'ls').trim()).toBe('ptmx');
  const options = withMount(source, 'findmnt', '-n', '-o', 'OPTIONS');
  expect(options).toContain('mode=620');
  expect(options).toContain('ptmxmode=666');
  expect(options).toContain('max=8');
});

test('an overlay shows its layers, the topmost first, and changes only the upper one', () => {
  const [upper = '', work = '', top = '', bottom = ''] = layers('upper', 'work', 'top', 'bottom');
  writeFileSync(join(top, 'bottom'), 'covered');
  const target = scratchDirectory();
  const { stdout } = runSync('sh', ['-ec', 'cat bottom; ls; rm top; echo new >new; mkdir d'], {
    cwd: target,
    namespaces: [
      asRoot(),
      mount({ mounts: [{ type: 'overlay', target, lower: [top, bottom], upper, work }] }),
    ],
  });
  chmodSync(join(work, 'work'), 0o700); // the kernel's, closed even to its owner
  expect(stdout).toBe('coveredbottom\ntop\nupper\n');
  expect(readdirSync(upper).sort()).toEqual(['d', 'new', 'top', 'upper']);
  expect(readdirSync(top).sort()).toEqual(['bottom', 'top']);
});

test('an overlay without an upper layer is read-only', () => {
  // No comma before Linux 6.5: the kernel then joins the options with commas itself.
  const comma = kernelAtLeast('6.5') ? ['a,b'] : [];
  const lower = layers(...comma, 'c:d', 'e\\f');
  const target = scratchDirectory();
  const namespaces = [asRoot(), mount({ mounts: [{ type: 'overlay', target, lower }] })];
  expect(runSync('ls', [target], { namespaces }).stdout.split('\n')).toEqual([
    ...comma,
    'c:d',
    'e\\f',
    '',
  ]);
  const { stderr } = runSync('touch', [join(target, 'x')], { namespaces, reject: false });
  expect(stderr).toContain('Read-only file system');
});

test("the kernel's own words are in the error", (context) => {
  skipUnlessKernel(context, '6.5'); // overlay says them to this mount alone
  const [upper = '', lower = ''] = layers('upper', 'lower');
  const work = join(upper, 'upper'); // not a directory, and below the upper layer
  const target = scratchDirectory();
  const namespaces = [
    asRoot(),
    mount({ mounts: [{ type: 'overlay', target, lower: [lower], upper, work }] }),
  ];
  try {
    runSync('true', [], { namespaces });
    expect.unreachable();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    expect(error.hint).toMatch(/^The kernel says: overlay: .*upper is not a directory/);
    expect(error.step).toBe(`the child, mounting overlay at ${target}`);
  }
});

test('an unknown parameter is named by the kernel', () => {
  const source: MountSource = { type: 'other', filesystem: 'tmpfs', parameters: { sise: '1M' } };
  expect(() => withMount(source, 'true')).toThrow(
    /The kernel says: tmpfs: Unknown parameter 'sise'/,
  );
});

test('options that do not go together are refused', () => {
  const overlay = (options: object) => () =>
    mount({ mounts: [{ type: 'overlay', target: '/x', lower: ['/a'], ...options }] });
  expect(overlay({ upper: '/u' })).toThrow(
    'mount.mounts[0].upper and mount.mounts[0].work must be given together',
  );
  expect(overlay({ volatile: true })).toThrow(
    'mount.mounts[0].volatile needs mount.mounts[0].upper',
  );
  expect(overlay({ lower: [] })).toThrow('lower must be an array of at least one path');
  expect(overlay({ lower: [`/${'x'.repeat(255)}`] })).toThrow('must be not longer than 255 bytes');
});

test('mqueue, sysfs and cgroup2 are those of the new namespaces', () => {
  const targets = [scratchDirectory(), scratchDirectory(), scratchDirectory()];
  const types = ['mqueue', 'sysfs', 'cgroup2'] as const;
  const mounts = types.map((type, i) => ({ type, target: targets[i] as string }));
  const { stdout } = runSync('stat', ['-f', '-c', '%T', ...targets], {
    namespaces: [asRoot(), { type: 'ipc' }, { type: 'net' }, { type: 'cgroup' }, mount({ mounts })],
  });
  expect(stdout).toBe('mqueue\nsysfs\ncgroup2fs\n');
});
