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

test('MessageQueue receives messages in order and by type', () => {
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

test('MessageQueue keeps all bytes and types', () => {
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

test.each(['here', 'there'])(
  'MessageQueue.receive waits without blocking the event loop, %s',
  async (where) => {
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
  },
);

test('MessageQueue.send waits for room', async () => {
  const queue = MessageQueue.create(there);
  queue.change({ maxBytes: 10 });
  expect(queue.trySend(1, '12345678')).toBe(true);
  expect(queue.trySend(1, 'more')).toBe(false);
  const sent = queue.send(2, 'more');
  await turn();
  expect(queue.tryReceive()?.data.toString()).toBe('12345678');
  await sent;
  expect(queue.tryReceive()).toEqual({ type: 2, data: Buffer.from('more') });
});

test('MessageQueue.receive ends with its timeout, its signal or the queue', async () => {
  const queue = MessageQueue.create(there);
  await expect(queue.receive({ timeout: 20 })).rejects.toThrow(timedOut);
  const controller = new AbortController();
  const waiting = queue.receive({ signal: controller.signal });
  await turn();
  controller.abort();
  await expect(waiting).rejects.toThrow(ended);
  await expect(queue.receive({ signal: controller.signal })).rejects.toThrow(ended);
  // The child may not wait yet when the queue is removed.
  const last = queue.receive();
  queue.remove();
  await expect(last).rejects.toThrow(removed);
});

test('MessageQueue.receive leaves a message that is too long in the queue', async () => {
  const queue = MessageQueue.create(there);
  queue.trySend(1, 'too long');
  const tooBig = expect.objectContaining({ code: 'E2BIG' });
  expect(() => queue.tryReceive({ maxSize: 3 })).toThrow(tooBig);
  await expect(queue.receive({ maxSize: 3 })).rejects.toThrow(tooBig);
  expect((await queue.receive()).data.toString()).toBe('too long');
});

test('MessageQueue refuses wrong arguments', async () => {
  const queue = MessageQueue.fromId(0);
  expect(() => queue.trySend(0, 'x')).toThrow(RangeError);
  expect(() => queue.trySend(1, 5 as unknown as string)).toThrow(TypeError);
  expect(() => queue.tryReceive({ except: true })).toThrow(
    'options.type must be positive with except, got 0',
  );
  await expect(queue.receive({ timeout: -1 })).rejects.toThrow(RangeError);
  await expect(queue.receive({ signal: {} as AbortSignal })).rejects.toThrow(TypeError);
});

test('listObjects of a new namespace is empty, as for ipcs', () => {
  const nothing = { sharedMemory: [], semaphoreSets: [], messageQueues: [] };
  expect(listObjects(there)).toEqual(nothing);
  expect([...ipcs('-m'), ...ipcs('-q'), ...ipcs('-s')]).toEqual([]);
});

test('listObjects returns a list that takes several reads', () => {
  const ids = Array.from({ length: 150 }, () => MessageQueue.create(there).id);
  expect(listObjects(there).messageQueues.map(({ id }) => id)).toEqual(ids);
});

test('disposal of a MessageQueue removes a queue that was created, once, and leaves an opened one', async () => {
  const created = MessageQueue.create({ key: 77, ...there });
  {
    using opened = MessageQueue.open(77, there);
    using found = MessageQueue.create({ key: 77, exclusive: false, ...there });
    expect([opened.id, found.id]).toEqual([created.id, created.id]);
  }
  expect(created.stat().key).toBe(77);
  await created[Symbol.asyncDispose]();
  expect(listObjects(there).messageQueues).toEqual([]);
  created[Symbol.dispose]();
  using removed = MessageQueue.create(there);
  removed.remove();
  using gone = MessageQueue.create(there);
  MessageQueue.fromId(gone.id, there).remove();
});

test('MessageQueue.receive has the reason of its signal as the cause of the AbortError', async () => {
  const queue = MessageQueue.create(there);
  const error = await queue
    .receive({ signal: AbortSignal.abort('enough') })
    .catch((error: unknown) => error);
  expect(error).toMatchObject({ ...aborted, cause: 'enough' });
});
