import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from '@ns/core/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withSocketDirectory } from './socket-directory.js';

/** Makes a temporary directory of the test, in the place of the user's. */
function ownTemporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'sockets-'));
  vi.stubEnv('TMPDIR', path);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    chmodSync(path, 0o700);
    rmSync(path, { recursive: true });
  });
  return path;
}

/** The name of a directory that a process of this pid namespace has left. */
function leftName(): string {
  const [namespace] = /\d+/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
  return `ns-uplink-${namespace}-${process.pid}-1-abcdef`;
}

test('withSocketDirectory makes a directory for the user alone, and removes it at the end', async () => {
  const parent = ownTemporary();
  let used = '';
  await withSocketDirectory(async (path) => {
    used = path;
    expect(statSync(path).mode & 0o777).toBe(0o700);
    // The directory of a process that lives stays.
    await withSocketDirectory(async () => expect(existsSync(path)).toBe(true));
  });
  expect(used.startsWith(`${parent}/ns-uplink-`)).toBe(true);
  await expect(
    withSocketDirectory(async () => {
      throw new Error('it fails');
    }),
  ).rejects.toThrow('it fails');
  expect(readdirSync(parent)).toEqual([]);
});

test('withSocketDirectory removes what a killed process has left, and follows no link', async () => {
  const parent = ownTemporary();
  const target = join(parent, 'target');
  mkdirSync(target);
  writeFileSync(join(target, 'file'), '');
  mkdirSync(join(parent, leftName()));
  symlinkSync(target, join(parent, leftName().replace('abcdef', 'ghijkl')));
  await withSocketDirectory(async () => {});
  expect(readdirSync(parent).sort()).toEqual([leftName().replace('abcdef', 'ghijkl'), 'target']);
  expect(readdirSync(target)).toEqual(['file']);
});

test('withSocketDirectory works in a directory that cannot be listed', async ({ skip }) => {
  skip(isRoot, 'root lists every directory');
  const parent = ownTemporary();
  chmodSync(parent, 0o300);
  await withSocketDirectory(async (path) => expect(existsSync(path)).toBe(true));
});
