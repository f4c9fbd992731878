import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ipc,
  listObjects,
  listQueues,
  MessageQueue,
  PosixQueue,
  readLimits,
  readUsage,
  SemaphoreSet,
  SharedMemory,
  setLimits,
  snapshot,
} from './index.js';

// None comes to a system call: there is neither an object nor a name for them.
const takers: readonly (readonly [name: string, take: (options: never) => unknown])[] = [
  ['ipc', ipc],
  ['limits', (limits) => ipc({ limits })],
  ['limits', (limits) => setLimits(limits)],
  ['options', (options) => setLimits({}, options)],
  ['options', readLimits],
  ['options', readUsage],
  ['options', listObjects],
  ['options', listQueues],
  ['options', snapshot],
  ['options', (options) => MessageQueue.create(options)],
  ['options', (options) => MessageQueue.open(1, options)],
  ['options', (options) => MessageQueue.of(1, options)],
  ['options', (options) => MessageQueue.of(1).tryReceive(options)],
  ['options', (options) => MessageQueue.of(1).receive(options)],
  ['options', (options) => MessageQueue.of(1).send(1, '', options)],
  ['changes', (changes) => MessageQueue.of(1).set(changes)],
  ['options', (options) => SemaphoreSet.create(1, options)],
  ['options', (options) => SemaphoreSet.of(1, options)],
  ['options', (options) => SemaphoreSet.of(1).operate([], options)],
  ['options', (options) => SharedMemory.create(1, options)],
  ['options', (options) => SharedMemory.open(1, options)],
  ['options', (options) => PosixQueue.create('a', options)],
  ['options', (options) => PosixQueue.open('a', options)],
  ['options', (options) => PosixQueue.unlink('a', options)],
];

const refusal = async (take: () => unknown): Promise<string> => {
  try {
    await take();
  } catch (error) {
    return String(error);
  }
  return 'not refused';
};

test.each(takers.map(([name, take], i) => ({ i, name, take })))(
  'a mistyped option is refused by its name: $i, $name',
  async ({ name, take }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1 }).map((text) => `x${text}`),
        async (key) => {
          const message = await refusal(() => take({ [key]: 1 } as never));
          expect(message).toContain(`TypeError: ${name} has no option ${key}; it has `);
        },
      ),
      { numRuns: 20 },
    );
    const message = await refusal(() => take(null as never));
    expect(message).toBe(`TypeError: ${name} must be an object: null`);
  },
);
