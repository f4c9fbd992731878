import { createNamespace, spawn } from '@ns/core';
import { expect, onTestFinished, test } from 'vitest';
import { pid } from './spec.js';
import { watchProcesses } from './watch-processes.js';

test('watchProcesses looks for births where the kernel does not report them', async () => {
  const child = await spawn('sh', ['-c', 'read x; sleep 1000 & read x'], {
    namespaces: [pid()],
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  onTestFinished(() => child[Symbol.asyncDispose]());
  using elsewhere = createNamespace('net');
  using watch = elsewhere.enter(() => watchProcesses({ in: child.pid, interval: '5ms' }));
  expect(watch.complete).toBe(false);
  child.stdin?.write('\n');
  expect((await watch.next()).value?.kind).toBe('birth');
  child.kill('SIGKILL');
  const kinds: string[] = [];
  for await (const { kind } of watch) kinds.push(kind); // ends with the namespace
  expect(kinds).toEqual(['death', 'death', 'death']);
  await child.exited;
});
