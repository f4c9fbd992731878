import { existsSync, readFileSync } from 'node:fs';
import { getuid } from 'node:process';
import { spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { listProcesses } from './list-processes.js';
import { owner } from './owner.testing.js';
import { readLastPid, readPidMax, writeLastPid, writePidMax } from './pid-max.js';
import { pid } from './spec.js';
import { isChildSubreaper, setChildSubreaper } from './subreaper.js';

const lastPidExists = existsSync('/proc/sys/kernel/ns_last_pid');

async function namespace(script = 'exec sleep 1000'): Promise<number> {
  const child = await spawn('sh', ['-c', script], {
    namespaces: [...owner, pid()],
    stdio: 'ignore',
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  return child.pid;
}

test('writePidMax changes one namespace only', async ({ skip }) => {
  const before = readPidMax();
  expect(before).toBe(Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')));
  const target = await namespace();
  // An ordinary user is root of the namespace, but /proc/sys belongs to the machine's root.
  skip(getuid?.() !== 0, 'the file belongs to root');
  writePidMax(5000, { in: target });
  const inside = readPidMax({ in: target });
  if (readPidMax() !== before) {
    writePidMax(before);
    skip('one for the machine: each namespace has its own from Linux 6.14 on');
  }
  expect(inside).toBe(5000);
});

test('writeLastPid changes the pids that follow', async ({ skip }) => {
  skip(!lastPidExists, 'this kernel cannot checkpoint: it has no ns_last_pid');
  const target = await namespace('while :; do sleep 0.01; done');
  expect(readLastPid()).toBeGreaterThan(0);
  writeLastPid(7000, { in: target });
  expect(readLastPid({ in: target })).toBeGreaterThan(7000);
  expect(listProcesses({ in: target })).not.toEqual([]);
});

test('setChildSubreaper makes this process a subreaper, and undoes it', () => {
  expect(isChildSubreaper()).toBe(false);
  setChildSubreaper();
  expect(isChildSubreaper()).toBe(true);
  setChildSubreaper(false);
  expect(isChildSubreaper()).toBe(false);
});
