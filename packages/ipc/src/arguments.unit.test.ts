import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ipc,
  listObjects,
  listQueues,
  MessageQueue,
  PosixQueue,
  readLimits,
  readSnapshot,
  readUsage,
  SemaphoreSet,
  SharedMemory,
  writeLimits,
} from './index.js';

// No system call is made: the objects and names do not exist.
const functions: readonly (readonly [name: string, take: (options: never) => unknown])[] = [
  ['ipc', ipc],
  ['ipc.limits', (limits) => ipc({ limits })],
  ['limits', (limits) => writeLimits(limits)],
  ['options', (options) => writeLimits({}, options)],
  ['options', readLimits],
  ['options', readUsage],
  ['options', listObjects],
  ['options', listQueues],
  ['options', readSnapshot],
  ['options', (options) => MessageQueue.create(options)],
  ['options', (options) => MessageQueue.open(1, options)],
  ['options', (options) => MessageQueue.fromId(1, options)],
  ['options', (options) => MessageQueue.fromId(1).tryReceive(options)],
  ['options', (options) => MessageQueue.fromId(1).receive(options)],
  ['options', (options) => MessageQueue.fromId(1).send(1, '', options)],
  ['changes', (changes) => MessageQueue.fromId(1).change(changes)],
  ['options', (options) => SemaphoreSet.create(1, options)],
  ['options', (options) => SemaphoreSet.fromId(1, options)],
  ['options', (options) => SemaphoreSet.fromId(1).operate([], options)],
  ['options', (options) => SharedMemory.create(1, options)],
  ['options', (options) => SharedMemory.open(1, options)],
  ['options', (options) => PosixQueue.create('a', options)],
  ['options', (options) => PosixQueue.open('a', options)],
  ['options', (options) => PosixQueue.remove('a', options)],
];

const refusal = async (take: () => unknown): Promise<string> => {
  try {
    await take();
  } catch (error) {
    return String(error);
  }
  return 'not refused';
};

test.each(functions.map(([name, take], i) => ({ i, name, take })))(
  'unknown members are refused by their names: $i, $name',
  async ({ name, take }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1 }).map((text) => `x${text}`),
        async (key) => {
          const message = await refusal(() => take({ [key]: 1 } as never));
          expect(message).toContain(`TypeError: ${name}.${key} is not known`);
        },
      ),
      { numRuns: 20 },
    );
    const message = await refusal(() => take(null as never));
    expect(message).toBe(`TypeError: ${name} must be an object, got null`);
  },
);
