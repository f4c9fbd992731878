import { expect, test } from 'vitest';
import { AT, MNT, MS } from '../sys/flags.js';
import { Program } from './program.js';

test('a program explains itself as strace would, with results by number', () => {
  const program = new Program();
  const tree = program.call('open_tree', AT.FDCWD, '/srv/data', 1);
  program.call('move_mount', tree, '', AT.FDCWD, '/mnt', 4);
  program.call('mount', 'proc', '/proc', 'proc', MS.NOSUID | MS.NODEV, null);
  program.call('umount2', '/old', MNT.DETACH, { tolerate: ['EINVAL', 'ENOENT'] });
  expect(program.explain().split('\n')).toEqual([
    '$0 = open_tree(AT_FDCWD, "/srv/data", 1)',
    'move_mount($0, "", AT_FDCWD, "/mnt", 4)',
    'mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV, NULL)',
    'umount2("/old", MNT_DETACH)  # may fail: EINVAL, ENOENT',
  ]);
});

test('an environment is not shown: it may hold secrets', () => {
  const program = new Program();
  program.call('execve', '/bin/true', ['true'], ['TOKEN=secret']);
  expect(program.explain()).toBe('execve("/bin/true", ["true"], /* 1 vars */)');
});

test.each([
  ['a fraction', 1.5],
  ['NaN', Number.NaN],
  ['an unsafe integer', 2 ** 60],
  ['a bigint beyond 64 bits', 2n ** 64n],
])('%s is refused when the call is added', (_name, value) => {
  expect(() => new Program().call('close', value)).toThrow(RangeError);
});

test('a text that C would cut short is refused when the call is added', () => {
  expect(() => new Program().call('chdir', '/srv\0/data')).toThrow(TypeError);
  expect(() => new Program().call('execve', '/bin/true', ['a\0b'], [])).toThrow(TypeError);
});

test('an unknown error name and a seventh argument are refused', () => {
  expect(() => new Program().call('close', 1, { tolerate: ['ENOSUCH'] })).toThrow(TypeError);
  expect(() => new Program().call('close', 1, 2, 3, 4, 5, 6, 7)).toThrow(RangeError);
});
