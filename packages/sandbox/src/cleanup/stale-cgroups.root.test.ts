import { existsSync, mkdirSync } from 'node:fs';
import { Cgroup } from '@ns/cgroup';
import { spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { removeLeftGroups } from './stale-cgroups.js';

/** A group of this process's own, for the test. */
function place(): Cgroup {
  using own = Cgroup.of('self');
  const group = own.create(`left-groups-test-${process.pid}`);
  onTestFinished(() => group.remove());
  return group;
}

test('groups that a killed maker has left are removed, once they cannot be new', () => {
  const { directory } = place();
  const group = (time: number) => `${directory}/ns-sandbox-1-${time.toString(36)}-0`;
  const [old, fresh, other] = [
    group(Date.now() - 100_000),
    group(Date.now()),
    `${directory}/other`,
  ];
  for (const path of [old, fresh, other]) mkdirSync(path);
  removeLeftGroups(directory);
  expect([old, fresh, other].map((path) => existsSync(path))).toEqual([false, true, true]);
});

test('a group with a process in it stays', async () => {
  const parent = place();
  const { directory } = parent;
  const group = parent.create(`ns-sandbox-1-${(Date.now() - 100_000).toString(36)}-0`);
  const child = await spawn('sleep', ['60'], { cgroup: group.directory, stdio: 'ignore' });
  removeLeftGroups(directory);
  expect(existsSync(group.directory)).toBe(true);
  child.kill();
  await child.exited;
  await group.remove();
});
