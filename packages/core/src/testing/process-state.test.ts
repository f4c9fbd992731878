import { closeSync, openSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fdCount, threadCount, threadNamespaces } from './process-state.js';

test('an open file counts until it is closed', () => {
  const before = fdCount();
  const fd = openSync('/dev/null', 'r');
  expect(fdCount()).toBe(before + 1);
  closeSync(fd);
  expect(fdCount()).toBe(before);
});

test('every thread is there with its namespaces', () => {
  const threads = threadNamespaces();
  expect(threads.size).toBe(threadCount());
  expect(threads.get(process.pid)?.net).toBe(readlinkSync('/proc/self/ns/net'));
});
