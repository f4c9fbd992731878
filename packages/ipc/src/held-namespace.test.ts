// A pid names a namespace when the call is made. An object made by it stays in that namespace, whatever
// process the pid means later: SECURITY.md S2.
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  listObjects,
  listQueues,
  MessageQueue,
  PosixQueue,
  readLimits,
  SemaphoreSet,
  SharedMemory,
  writeLimits,
} from './index.js';
import { endNamespace, makeNamespace, processThere, there } from './other-namespace.testing.js';

beforeEach(makeNamespace);
afterEach(endNamespace);

/** Ends the process whose pid named the namespace. */
async function endProcess(): Promise<void> {
  processThere().kill('SIGKILL');
  await processThere().exited;
}

test.each([
  ['MessageQueue', (pid: number) => MessageQueue.create({ in: pid })],
  ['SemaphoreSet', (pid: number) => SemaphoreSet.create(1, { in: pid })],
  ['SharedMemory', (pid: number) => SharedMemory.create(1, { in: pid })],
])('%s stays in the namespace of a pid when its process has ended', async (_, create) => {
  const object = create(processThere().pid);
  await endProcess();
  expect(object.stat().id).toBe(object.id);
  object[Symbol.dispose]();
  expect(Object.values(listObjects(there)).flat()).toEqual([]);
});

test('PosixQueue is removed from the namespace of a pid when its process has ended', async () => {
  const queue = PosixQueue.create('/held', { in: processThere().pid });
  await endProcess();
  queue[Symbol.dispose]();
  expect(listQueues(there)).toEqual([]);
});

test('close() leaves a created object, also at a later disposal', () => {
  const pid = processThere().pid;
  const queue = MessageQueue.create({ in: pid });
  const named = PosixQueue.create('/left', { in: pid });
  for (const object of [queue, named]) {
    object.close();
    object.close();
    object[Symbol.dispose]();
  }
  expect(listObjects(there).messageQueues).toMatchObject([{ id: queue.id }]);
  expect(listQueues(there)).toMatchObject([{ name: '/left' }]);
  PosixQueue.remove('/left', there);
});

test('readLimits and writeLimits report that no process has the pid', async () => {
  const { pid } = processThere();
  await endProcess();
  const missing = expect.objectContaining({ code: 'ENOENT', syscall: 'openat' });
  expect(() => readLimits({ in: pid })).toThrow(missing);
  expect(() => writeLimits({}, { in: pid })).toThrow(missing);
  expect(() => writeLimits({ msgmni: 10 }, { in: pid })).toThrow(missing);
});
