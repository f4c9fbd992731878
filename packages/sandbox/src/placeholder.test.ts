import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { holdPlaceholders } from './placeholder.js';
import { outside } from './testing.js';

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
