import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { currentState, leftBehind } from './left-behind.js';

test('an unchanged process has left nothing behind', () => {
  expect(leftBehind(currentState())).toEqual([]);
});

test('an open descriptor is named with its target', () => {
  const before = currentState();
  const fd = openSync('/dev/null', 'r');
  try {
    expect(leftBehind(before)).toEqual([`descriptor ${fd} is open: /dev/null`]);
  } finally {
    closeSync(fd);
  }
});

test('a descriptor that now refers to something else is named', () => {
  const fd = openSync('/dev/null', 'r');
  const before = currentState();
  closeSync(fd);
  const other = openSync('/dev/zero', 'r');
  try {
    expect(other).toBe(fd);
    expect(leftBehind(before)).toEqual([`descriptor ${fd} is open: /dev/zero`]);
  } finally {
    closeSync(other);
  }
});

test('a child that still runs is named', async () => {
  const before = currentState();
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  expect(leftBehind(before)).toContainEqual(expect.stringContaining(`child ${child.pid} is left`));
  child.kill();
  await once(child, 'exit');
});

test('a thread in another namespace is named', () => {
  const before = currentState();
  before.namespaces.set('uts', 'uts:[1]');
  expect(leftBehind(before)).toContainEqual(
    expect.stringMatching(/task\/\d+ is in uts:\[\d+\], not in uts:\[1\]/),
  );
});
