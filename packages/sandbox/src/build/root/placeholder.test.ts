import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '@ns/core/testing';
import { expect, test } from 'vitest';
import { outside } from '../../sandbox.testing.js';
import { holdPlaceholders } from './placeholder.js';

const made = 'it has just been made by something else';

// SECURITY.md S6: each of these may come to be between the look at a path and the placeholder.
test.each<[string, (path: string) => void]>([
  ['a FIFO', (path) => spawnSync('mkfifo', [path])],
  ['a file', (path) => writeFileSync(path, 'own')],
  ['a link', (path) => symlinkSync('/etc/passwd', path)],
  ['a directory', (path) => mkdirSync(path)],
])('%s in the place of a placeholder is an error, and no wait', async (_, make) => {
  const path = join(outside(), 'name');
  make(path);
  const before = lstatSync(path);
  await expect(holdPlaceholders([{ path, type: 'file' }])).rejects.toThrow(made);
  expect(lstatSync(path)).toMatchObject({ ino: before.ino, mode: before.mode });
});

test('a placeholder is not made through a link', async () => {
  const tree = outside();
  mkdirSync(join(tree, 'real'));
  symlinkSync('real', join(tree, 'link'));
  const path = join(tree, 'link/name');
  await expect(holdPlaceholders([{ path, type: 'file' }])).rejects.toThrow('ELOOP');
  expect(existsSync(join(tree, 'real/name'))).toBe(false);
});

test('an empty file of another user is not taken for a placeholder, whatever its mode', async ({
  skip,
}) => {
  skip(!isRoot, 'root alone can give a file to another user');
  const path = join(outside(), 'name');
  writeFileSync(path, '');
  chownSync(path, 54_321, 54_321);
  chmodSync(path, 0o1444);
  await expect(holdPlaceholders([{ path, type: 'file' }])).rejects.toThrow(made);
  expect(existsSync(path)).toBe(true);
});

test.each(['file', 'directory'] as const)(
  'a placeholder that has got content stays, with the mode of a placeholder: %s',
  async (type) => {
    const path = join(outside(), 'name');
    const release = await holdPlaceholders([{ path, type }]);
    const { mode } = lstatSync(path);
    chmodSync(path, 0o700);
    const content = type === 'file' ? path : join(path, 'own');
    writeFileSync(content, 'own');
    chmodSync(path, mode);
    await release();
    chmodSync(path, 0o700); // else an ordinary user could not remove it
    expect(readFileSync(content, 'utf8')).toBe('own');
  },
);

test('a placeholder that has replaced another one is not removed with that', async () => {
  const place = { path: join(outside(), 'name'), type: 'file' } as const;
  const release = await holdPlaceholders([place]);
  rmSync(place.path);
  const releaseOther = await holdPlaceholders([place]);
  await release();
  expect(existsSync(place.path)).toBe(true);
  await releaseOther();
  expect(existsSync(place.path)).toBe(false);
});

test('others can read a placeholder, whatever the umask', async () => {
  const tree = outside();
  const umask = process.umask(0o077);
  try {
    const release = await holdPlaceholders([
      { path: join(tree, 'file'), type: 'file' },
      { path: join(tree, 'directory'), type: 'directory' },
    ]);
    expect(lstatSync(join(tree, 'file')).mode & 0o7777).toBe(0o1444);
    expect(lstatSync(join(tree, 'directory')).mode & 0o7777).toBe(0o1555);
    await release();
    expect(existsSync(join(tree, 'file'))).toBe(false);
    expect(existsSync(join(tree, 'directory'))).toBe(false);
  } finally {
    process.umask(umask);
  }
});

test('git works in a repository with all placeholders', async ({ skip }) => {
  const tree = outside();
  const git = (...args: string[]) =>
    spawnSync('git', ['-c', 'safe.directory=*', '-C', tree, ...args], { encoding: 'utf8' });
  skip(git('init', '-q').status !== 0, 'there is no git');
  const names = ['commondir', 'config.worktree'].map((name) => join(tree, '.git', name));
  const release = await holdPlaceholders(names.map((path) => ({ path, type: 'file' })));
  expect(readFileSync(join(tree, '.git/commondir'), 'utf8')).toBe('.\n');
  expect(git('status', '--short')).toMatchObject({ status: 0, stderr: '' });
  await release();
  expect(names.some((path) => existsSync(path))).toBe(false);
});
