import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, Namespace } from '@ns/core';
import { describe, expect, test } from 'vitest';
import { attach, bind, move, umount } from './operations.js';
import { setPropagation } from './propagation.js';
import { findmnt, scratchDirectory, scratchNamespace } from './testing.js';

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
  expect(() => umount('', {})).toThrow('target must not be empty');
  expect(() => umount('/x', { expire: true, detach: true })).toThrow('expire cannot be combined');
  expect(() => attach({ type: 'tmpfs', target: '/x' }, { in: 'y' as never })).toThrow(
    'in must be a namespace handle or a pid',
  );
  expect(() => setPropagation('/x', 'open' as never)).toThrow('propagation must be one of');
});
