import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSync } from '@ns/core';
import { describe, expect, test } from 'vitest';
import { type MountOptions, mount } from './spec.js';
import { asRoot, type Found, scratchDirectory } from './testing.js';

function inside(options: MountOptions, ...args: string[]): Found[] {
  const columns = 'TARGET,SOURCE,FSTYPE,OPTIONS,PROPAGATION';
  const { stdout } = runSync('findmnt', ['-J', '-l', '-o', columns, ...args], {
    namespaces: [asRoot(), mount(options)],
  });
  return (JSON.parse(stdout as string) as { filesystems: Found[] }).filesystems;
}

describe('propagation', () => {
  test('is private by default, for every mount', () => {
    expect(new Set(inside({}).map(({ propagation }) => propagation))).toEqual(new Set(['private']));
  });

  test('can be shared', () => {
    // Where the caller's mounts are shared, these get what happens there, too.
    for (const { propagation } of inside({ propagation: 'shared' })) {
      expect(propagation).toMatch(/^shared(,slave)?$/);
    }
  });

  test('slave of a private mount is private', () => {
    const [found] = inside({ propagation: 'slave' }, '/');
    expect(found?.propagation).toMatch(/^private(,slave)?$/);
  });

  test('wrong values are named', () => {
    expect(() => mount({ propagation: 'public' as 'private' })).toThrow(
      'mount.propagation must be one of "private", "slave", "shared", "unchanged", got \'public\'',
    );
  });
});

describe('mounts', () => {
  test('a tmpfs has the size and mode that were asked for', () => {
    const target = scratchDirectory();
    const options: MountOptions = {
      mounts: [{ type: 'tmpfs', target, size: '1M', mode: 0o750, noexec: true }],
    };
    const [found] = inside(options, target);
    expect(found).toMatchObject({ target, fstype: 'tmpfs' });
    expect(found?.options).toContain('size=1024k');
    expect(found?.options).toContain('mode=750');
    expect(found?.options).toContain('noexec');
  });

  test('a bind shows the source, read-only if asked for', () => {
    const source = scratchDirectory();
    const target = scratchDirectory();
    writeFileSync(join(source, 'file'), 'content');
    const namespaces = [
      asRoot(),
      mount({ mounts: [{ type: 'bind', source, target, readonly: true }] }),
    ];
    expect(runSync('cat', [join(target, 'file')], { namespaces }).stdout).toBe('content');
    const { exitCode, stderr } = runSync('touch', [join(target, 'new')], {
      namespaces,
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Read-only file system');
  });

  test('mounts are made in order, so that one can lie on another', () => {
    const source = scratchDirectory();
    writeFileSync(join(source, 'file'), 'content');
    const target = scratchDirectory();
    const namespaces = [
      asRoot(),
      mount({
        mounts: [
          { type: 'bind', source, target },
          { type: 'tmpfs', target: source },
        ],
      }),
    ];
    expect(runSync('ls', [source, target], { namespaces }).stdout).toContain('file');
    expect(runSync('ls', [source], { namespaces }).stdout).toBe('');
  });

  test('a new proc shows the new pid namespace', () => {
    const namespaces = [
      asRoot(),
      { type: 'pid' as const },
      mount({ mounts: [{ type: 'proc', target: '/proc' }] }),
    ];
    const { stdout } = runSync('readlink', ['/proc/self'], { namespaces });
    expect(stdout).toBe('1\n');
  });

  test('a missing target is an error that names the step', () => {
    const target = join(scratchDirectory(), 'missing');
    const namespaces = [asRoot(), mount({ mounts: [{ type: 'tmpfs', target }] })];
    expect(() => runSync('true', [], { namespaces })).toThrow(
      `failed in the child, mounting tmpfs at ${target}: ENOENT`,
    );
  });

  test('wrong mounts are named before anything is done', () => {
    const wrong = (one: unknown) => () => mount({ mounts: [one] as never });
    expect(wrong({ type: 'tmpfs' })).toThrow(
      'mount.mounts[0].target must be a string, got undefined',
    );
    expect(wrong({ type: 'floppy', target: '/' })).toThrow(
      'mount.mounts[0].type must be one of "bind", ',
    );
    expect(wrong({ type: 'bind', target: '/' })).toThrow('mount.mounts[0].source must be a string');
    expect(wrong({ type: 'tmpfs', target: '/', size: '1 X' })).toThrow(
      'mount.mounts[0].size must be',
    );
    expect(wrong({ type: 'tmpfs', target: '/', mode: 0o10000 })).toThrow(RangeError);
    expect(wrong({ type: 'tmpfs', target: '/', sise: 1 })).toThrow(
      'mount.mounts[0].sise is not known (did you mean size?)',
    );
    expect(wrong({ type: 'bind', source: '/a\0', target: '/' })).toThrow('NUL');
  });
});

test('mount throws a TypeError for a non-object and for an unknown option', () => {
  expect(() => mount(null as never)).toThrow(new TypeError('mount must be an object, got null'));
  expect(() => mount({ mount: true } as never)).toThrow(TypeError);
  expect(() => mount({ mount: true } as never)).toThrow(
    'mount.mount is not known (did you mean mounts?)',
  );
});
