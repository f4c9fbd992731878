import { existsSync, statfsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { type NamespaceProcess, spawn } from '@ns/core';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ipc, listQueues, PosixQueue } from './index.js';
import { rootless } from './rootless.testing.js';

const name = `/ns-test-${process.pid}`;
let queue: PosixQueue;

beforeEach(() => {
  queue = PosixQueue.create(name, { maxMessages: 3, messageSize: 100 });
});

afterEach(() => {
  queue.close();
  PosixQueue.remove(name);
});

test('PosixQueue.create sets the capacity, and PosixQueue.open finds the queue by name', () => {
  expect(queue.attributes()).toEqual({ maxMessages: 3, messageSize: 100, messages: 0 });
  using same = PosixQueue.open(name.slice(1));
  same.trySend('x');
  expect(queue.attributes().messages).toBe(1);
  expect(() => PosixQueue.create(name)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  using again = PosixQueue.create(name, { exclusive: false });
  expect(again.tryReceive()?.data.toString()).toBe('x');
});

test('PosixQueue receives by priority, then by age', () => {
  for (const [data, priority] of [
    ['a', 1],
    ['b', 5],
    ['c', 5],
  ] as const) {
    expect(queue.trySend(data, { priority })).toBe(true);
  }
  expect(queue.trySend('full')).toBe(false);
  const all = Array.from({ length: 4 }, () => queue.tryReceive());
  expect(all.map((message) => message && `${message.priority}${message.data}`)).toEqual([
    '5b',
    '5c',
    '1a',
    undefined,
  ]);
});

test('PosixQueue keeps all bytes and priorities', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(32767), (data, priority) => {
      queue.trySend(data, { priority });
      expect(queue.tryReceive()).toEqual({ priority, data: Buffer.from(data) });
    }),
  );
});

test('PosixQueue waits for messages and for room', async () => {
  const received = queue.receive();
  const second = queue.receive();
  await turn();
  queue.trySend('first');
  await turn();
  queue.trySend('second');
  const texts = (await Promise.all([received, second])).map(({ data }) => data.toString());
  expect(texts.sort()).toEqual(['first', 'second']);
  while (queue.trySend('filler'));
  const sent = queue.send('last', { priority: 9 });
  await turn();
  queue.tryReceive();
  await sent;
  expect(queue.tryReceive()?.data.toString()).toBe('last');
});

test('PosixQueue iterates over messages', async () => {
  const texts: string[] = [];
  setImmediate(() => queue.trySend('one'));
  for await (const { data } of queue) {
    texts.push(data.toString());
    if (texts.length === 2) break;
    setImmediate(() => queue.trySend('two'));
  }
  expect(texts).toEqual(['one', 'two']);
});

test('PosixQueue.receive ends with its timeout or its signal', async () => {
  await expect(queue.receive({ timeout: 10 })).rejects.toThrow(
    expect.objectContaining({ code: 'ETIMEDOUT' }),
  );
  const signal = AbortSignal.timeout(10);
  await expect(queue.receive({ signal })).rejects.toThrow(
    expect.objectContaining({ name: 'AbortError' }),
  );
});

test('PosixQueue refuses wrong arguments', () => {
  for (const wrong of ['', '/', 'a/b', '..', 'a\0b', 5 as unknown as string]) {
    expect(() => PosixQueue.open(wrong)).toThrow(/^name must be/);
  }
  expect(() => PosixQueue.create('x'.repeat(256))).toThrow(RangeError);
  expect(() => PosixQueue.create('x', { maxMessages: 3 })).toThrow('must be given together');
  expect(() => queue.trySend('x', { priority: 32768 })).toThrow(RangeError);
  const closed = PosixQueue.open(name);
  closed.close();
  closed.close();
  expect(() => closed.attributes()).toThrow('the queue is closed');
});

test('PosixQueue.trySend fails for a message that is too long', () => {
  expect(() => queue.trySend('x'.repeat(101))).toThrow(
    expect.objectContaining({ code: 'EMSGSIZE' }),
  );
});

test('PosixQueue and listQueues work in another namespace', async () => {
  const spec = ipc();
  const child: NamespaceProcess = await spawn('sleep', ['60'], {
    namespaces: [
      rootless,
      {
        ...spec,
        prepare(preparation) {
          // A queue from the start, also where only a child may enter.
          preparation.program('settings').call('mq_open', 'from-inside', 0o102, 0o600, null);
        },
      },
    ],
    stdio: 'ignore',
  });
  const there = { in: child.pid };
  try {
    expect(listQueues(there)).toMatchObject([{ name: '/from-inside', mode: 0o600, messages: 0 }]);
    PosixQueue.remove('/from-inside', there);
    expect(listQueues(there)).toEqual([]);
    using other = PosixQueue.create(name, there);
    other.trySend('there');
    expect(queue.attributes().messages).toBe(0);
    const limits = { maxMessages: 10, messageSize: 8192 };
    expect(listQueues(there)).toEqual([
      {
        name,
        uid: process.geteuid?.(),
        gid: process.getegid?.(),
        mode: 0o600,
        ...limits,
        messages: 1,
      },
    ]);
    expect(other.tryReceive()?.data.toString()).toBe('there');
    const received = other.receive();
    using again = PosixQueue.open(name, there);
    await again.send('later');
    expect((await received).data.toString()).toBe('later');
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
});

test('listQueues lists the queues of this namespace with privilege or a mount', () => {
  const mounted = existsSync('/dev/mqueue') && statfsSync('/dev/mqueue').type === 0x19800202;
  if (process.geteuid?.() === 0 || mounted) {
    expect(listQueues()).toContainEqual(expect.objectContaining({ name, ...queue.attributes() }));
  } else expect(() => listQueues()).toThrow(expect.objectContaining({ code: 'EPERM' }));
});

test('disposal of a PosixQueue removes a queue that was created, once, and closes an opened one', () => {
  const other = `${name}-owned`;
  const created = PosixQueue.create(other);
  {
    using opened = PosixQueue.open(other);
    expect(opened.attributes().messages).toBe(0);
  }
  PosixQueue.open(other).close();
  created[Symbol.dispose]();
  created[Symbol.dispose]();
  expect(() => PosixQueue.open(other)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});
