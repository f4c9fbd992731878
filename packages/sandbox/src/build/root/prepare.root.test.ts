import { lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '@ns/core';
import { expect, test } from 'vitest';
import { outside } from '../../sandbox.testing.js';
import { unpack } from '../../unpack/unpack.js';
import { giveAway } from './prepare.js';

const owner = { uid: 31415, gid: 31415 };

// Processes of the owner may be at work in the directory around it.
test('a directory for layers is given away only if it is the one that was made', () => {
  const top = outside();
  const [whole, empty, link] = ['whole', 'empty', 'link'].map((name) => join(top, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(whole);
  writeFileSync(join(whole, 'file'), '');
  mkdirSync(empty);
  symlinkSync(empty, link);
  expect(() => giveAway(link, owner)).toThrow(/ELOOP|ENOTDIR/);
  expect(() => giveAway(whole, owner)).toThrow('has just been replaced');
  expect([whole, empty, link].map((path) => lstatSync(path).uid)).toEqual([0, 0, 0]);
  giveAway(empty, owner);
  expect(statSync(empty)).toMatchObject(owner);
  expect(() => giveAway(empty, owner)).toThrow('has just been replaced');
});

test('the owner of what is unpacked comes to it only when it is whole', async () => {
  const top = outside();
  const [tree, tar, to] = ['tree', 'tar', 'to'].map((name) => join(top, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(tree);
  symlinkSync('elsewhere', join(tree, 'link'));
  await run('tar', ['-cf', tar, '-C', tree, '.']);
  const seen: [number, number][] = [];
  const onProgress = () => {
    const { uid, mode } = statSync(to);
    seen.push([uid, mode & 0o777]);
  };
  await unpack({ tar }, to, { owner, onProgress });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.every(([uid, mode]) => uid === 0 && mode === 0o700)).toBe(true);
  expect(statSync(to)).toMatchObject(owner);
  expect(statSync(to).mode & 0o777).toBe(0o755);
  expect(lstatSync(join(to, 'link'))).toMatchObject(owner);
});
