import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listObjects, MessageQueue } from './index.js';
import { aborted, endNamespace, ipcs, makeNamespace, there } from './other-namespace.testing.js';

beforeEach(makeNamespace);
afterEach(endNamespace);

const timedOut = expect.objectContaining({ code: 'ETIMEDOUT' });
const removed = expect.objectContaining({ code: 'EIDRM' });
const ended = expect.objectContaining(aborted);

test('queues give back what was sent, in order and by type', () => {
  const queue = MessageQueue.create(there);
  expect(queue.tryReceive()).toBeUndefined();
  for (const [type, text] of [
    [3, 'c'],
    [1, 'a'],
    [2, 'b'],
    [1, ''],
  ] as const) {
    expect(queue.trySend(type, text)).toBe(true);
  }
  expect(queue.stat()).toMatchObject({ messages: 4, bytes: 3, key: 0 });
  expect(listObjects(there).messageQueues).toMatchObject([{ id: queue.id, messages: 4, bytes: 3 }]);
  expect(ipcs('-q')).toMatchObject([['0x00000000', String(queue.id), /./, '600', '3', '4']]);
  const take = (options = {}) => {
    const message = queue.tryReceive(options);
    return message && `${message.type}${message.data}`;
  };
  expect(queue.peek(2)?.data.toString()).toBe('b');
  expect(queue.peek(9)).toBeUndefined();
  expect(take({ type: -2 })).toBe('1a');
  expect(take({ type: 3, except: true })).toBe('2b');
  expect(take({ type: 1 })).toBe('1');
  expect(take()).toBe('3c');
  expect(take()).toBeUndefined();
  queue.remove();
  expect(listObjects(there).messageQueues).toEqual([]);
});

test('any bytes and types survive', () => {
  const queue = MessageQueue.create();
  try {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        (data, type) => {
          queue.trySend(type, data);
          expect(queue.tryReceive({ type })).toEqual({ type, data: Buffer.from(data) });
        },
      ),
    );
  } finally {
    queue.remove();
  }
});

test.each(['here', 'there'])('queues are waited for without blocking, %s', async (where) => {
  const queue = MessageQueue.create(where === 'there' ? there : {});
  try {
    const received = queue.receive({ type: 5 });
    queue.trySend(4, 'another');
    await turn(); // the event loop goes on
    queue.trySend(5, 'long awaited');
    expect(await received).toEqual({ type: 5, data: Buffer.from('long awaited') });
    const empty = queue.receive({ type: 6 });
    await turn();
    queue.trySend(6, '');
    expect(await empty).toEqual({ type: 6, data: Buffer.alloc(0) });
  } finally {
    queue.remove();
  }
});

test('a full queue is waited for', async () => {
  const queue = MessageQueue.create(there);
  queue.set({ maxBytes: 10 });
  expect(queue.trySend(1, '12345678')).toBe(true);
  expect(queue.trySend(1, 'more')).toBe(false);
  const sent = queue.send(2, 'more');
  await turn();
  expect(queue.tryReceive()?.data.toString()).toBe('12345678');
  await sent;
  expect(queue.tryReceive()).toEqual({ type: 2, data: Buffer.from('more') });
});

test('a wait ends with a timeout, a signal or the queue, and takes nothing', async () => {
  const queue = MessageQueue.create(there);
  await expect(queue.receive({ timeout: 20 })).rejects.toThrow(timedOut);
  const controller = new AbortController();
  const waiting = queue.receive({ signal: controller.signal });
  await turn();
  controller.abort();
  await expect(waiting).rejects.toThrow(ended);
  await expect(queue.receive({ signal: controller.signal })).rejects.toThrow(ended);
  // Whether it waits already or is on its way.
  const last = queue.receive();
  queue.remove();
  await expect(last).rejects.toThrow(removed);
});

test('a message that is too long stays', async () => {
  const queue = MessageQueue.create(there);
  queue.trySend(1, 'too long');
  const tooBig = expect.objectContaining({ code: 'E2BIG' });
  expect(() => queue.tryReceive({ maxSize: 3 })).toThrow(tooBig);
  await expect(queue.receive({ maxSize: 3 })).rejects.toThrow(tooBig);
  expect((await queue.receive()).data.toString()).toBe('too long');
});

test('wrong arguments are refused before any call', async () => {
  const queue = MessageQueue.of(0);
  expect(() => queue.trySend(0, 'x')).toThrow(RangeError);
  expect(() => queue.trySend(1, 5 as unknown as string)).toThrow(TypeError);
  expect(() => queue.tryReceive({ except: true })).toThrow('type must be positive with except');
  await expect(queue.receive({ timeout: -1 })).rejects.toThrow(RangeError);
  await expect(queue.receive({ signal: {} as AbortSignal })).rejects.toThrow(TypeError);
});

test('an empty namespace has no objects, as ipcs sees it too', () => {
  const nothing = { sharedMemory: [], semaphoreSets: [], messageQueues: [] };
  expect(listObjects(there)).toEqual(nothing);
  expect([...ipcs('-m'), ...ipcs('-q'), ...ipcs('-s')]).toEqual([]);
});

test('a list that takes several reads is complete', () => {
  const ids = Array.from({ length: 150 }, () => MessageQueue.create(there).id);
  expect(listObjects(there).messageQueues.map(({ id }) => id)).toEqual(ids);
});
