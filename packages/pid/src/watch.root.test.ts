import { setTimeout as delay } from 'node:timers/promises';
import { createNamespace, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { pid } from './spec.js';
import { type ProcessChange, watchProcesses } from './watch.js';

test('where the kernel does not report births, they are looked for', async () => {
  const child = await spawn('sh', ['-c', 'read x; sleep 1000 & read x'], {
    namespaces: [pid()],
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  const changes: ProcessChange[] = [];
  using elsewhere = createNamespace('net');
  const options = { in: child.pid, interval: 5 };
  using watch = elsewhere.enter(() => watchProcesses((change) => changes.push(change), options));
  expect(watch.complete).toBe(false);
  child.stdin?.write('\n');
  while (changes.length < 1) await delay(5);
  expect(changes[0]?.kind).toBe('birth');
  child.kill('SIGKILL');
  while (changes.length < 4) await delay(5);
  expect(changes.slice(1).map(({ kind }) => kind)).toEqual(['death', 'death', 'death']);
  await child.exited;
});
