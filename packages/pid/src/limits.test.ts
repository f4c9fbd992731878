import { existsSync, readFileSync } from 'node:fs';
import { getuid } from 'node:process';
import { spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { getLastPid, getPidMax, setLastPid, setPidMax } from './limits.js';
import { owner } from './owner.testing.js';
import { processes } from './processes.js';
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

test('the largest number of a namespace is its own', async ({ skip }) => {
  const before = getPidMax();
  expect(before).toBe(Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')));
  const target = await namespace();
  // As an ordinary user one is root of the namespace, but /proc/sys belongs to the machine's root.
  skip(getuid?.() !== 0, 'the file belongs to root');
  setPidMax(5000, { in: target });
  const inside = getPidMax({ in: target });
  if (getPidMax() !== before) {
    setPidMax(before);
    skip('one for the machine: each namespace has its own from Linux 6.14 on');
  }
  expect(inside).toBe(5000);
});

test('the last number of a namespace is read and set', async ({ skip }) => {
  skip(!lastPidExists, 'this kernel cannot checkpoint: it has no ns_last_pid');
  const target = await namespace('while :; do sleep 0.01; done');
  expect(getLastPid()).toBeGreaterThan(0);
  setLastPid(7000, { in: target });
  expect(getLastPid({ in: target })).toBeGreaterThan(7000);
  expect(processes({ in: target })).not.toEqual([]);
});

test('a process becomes a subreaper and ceases to be one', () => {
  expect(isChildSubreaper()).toBe(false);
  setChildSubreaper();
  expect(isChildSubreaper()).toBe(true);
  setChildSubreaper(false);
  expect(isChildSubreaper()).toBe(false);
});

test('wrong arguments are refused', () => {
  expect(() => setPidMax(0)).toThrow(RangeError);
  expect(() => setLastPid(1.5)).toThrow(RangeError);
  expect(() => setChildSubreaper(1 as never)).toThrow(TypeError);
});
