import { runSync } from '@ns/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  MessageQueue,
  PosixQueue,
  readSnapshot,
  readUsage,
  SemaphoreSet,
  SharedMemory,
} from './index.js';
import { endNamespace, makeNamespace, processThere, there } from './other-namespace.testing.js';

beforeEach(makeNamespace);
afterEach(endNamespace);

/** Returns the usage that lsipc(1) reports in that namespace, by the name of the limit. */
function lsipc(): Record<string, string> {
  const args = [
    '--target',
    String(processThere().pid),
    '--user',
    '--preserve-credentials',
    '--ipc',
  ];
  const columns = ['lsipc', '--noheadings', '--raw', '--output', 'RESOURCE,USED'];
  const lines = runSync('nsenter', [...args, ...columns])
    .stdout.trim()
    .split('\n');
  return Object.fromEntries(lines.map((line) => line.split(' ')));
}

test('readSnapshot of a new namespace is empty', () => {
  const { limits, usage, ...objects } = readSnapshot(there);
  expect(objects).toEqual({
    ...{ sharedMemory: [], semaphoreSets: [], messageQueues: [], posixQueues: [] },
  });
  expect(limits.shmmni).toBe(4096n);
  expect(Object.values(usage)).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test('readSnapshot has all objects, with the usage of lsipc', () => {
  // Whole pages and sets of one size: lsipc rounds down, and takes all sets for as large as one.
  SharedMemory.create(65536, { key: 7, ...there });
  SemaphoreSet.create(3, there);
  SemaphoreSet.create(3, there);
  const queue = MessageQueue.create(there);
  queue.trySend(1, 'hello');
  PosixQueue.create('/jobs', there).close();
  const { sharedMemory, semaphoreSets, messageQueues, posixQueues, usage } = readSnapshot(there);
  expect(sharedMemory).toMatchObject([{ key: 7, size: 65536 }]);
  expect(semaphoreSets.map(({ count }) => count)).toEqual([3, 3]);
  expect(messageQueues).toMatchObject([{ id: queue.id, messages: 1, bytes: 5 }]);
  expect(posixQueues).toMatchObject([{ name: '/jobs', mode: 0o600, messages: 0 }]);
  const pages = 65536 / Number(runSync('getconf', ['PAGESIZE']).stdout);
  expect(usage).toEqual({
    ...{ segments: 1, pages, semaphoreSets: 2, semaphores: 6 },
    ...{ messageQueues: 1, messages: 1, messageBytes: 5 },
  });
  expect(lsipc()).toMatchObject({
    ...{ SHMMNI: '1', SHMALL: String(pages), SEMMNI: '2', SEMMNS: '6', MSGMNI: '1' },
  });
});

test('readUsage counts single pages and semaphores', () => {
  SharedMemory.create(65537, there);
  SemaphoreSet.create(3, there);
  SemaphoreSet.create(2, there);
  const { pages, semaphores } = readUsage(there);
  const page = Number(runSync('getconf', ['PAGESIZE']).stdout);
  expect({ pages, semaphores }).toEqual({ pages: Math.ceil(65537 / page), semaphores: 5 });
});

test("readSnapshot of the caller's namespace needs no privilege", () => {
  const { sharedMemory, limits } = readSnapshot();
  expect(sharedMemory).toBeInstanceOf(Array);
  expect(limits.msgmax).toBeGreaterThan(0n);
  expect(readUsage().segments).toBeGreaterThanOrEqual(0);
  expect(() => readSnapshot({ in: -1 })).toThrow(RangeError);
});
