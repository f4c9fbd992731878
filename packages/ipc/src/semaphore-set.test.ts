import { afterEach, beforeEach, expect, test } from 'vitest';
import { listObjects, SemaphoreSet } from './index.js';
import { aborted, endNamespace, ipcs, makeNamespace, there } from './other-namespace.testing.js';

beforeEach(makeNamespace);
afterEach(endNamespace);

const patient = { timeout: 20_000 };
const timedOut = expect.objectContaining({ code: 'ETIMEDOUT' });
const removed = expect.objectContaining({ code: 'EIDRM' });
const ended = expect.objectContaining(aborted);

test('SemaphoreSet is created, written, read, described and removed', () => {
  const set = SemaphoreSet.create(3, { key: 9, ...there });
  expect(set.readValues()).toEqual([0, 0, 0]);
  set.writeValues([1, 2, 3]);
  set.writeValue(0, 32767);
  expect(SemaphoreSet.open(9, there).readValues()).toEqual([32767, 2, 3]);
  expect(set.readState(2)).toMatchObject({ value: 3, waitingForMore: 0, waitingForZero: 0 });
  expect(set.stat()).toMatchObject({ key: 9, count: 3, mode: 0o600 });
  expect(listObjects(there).semaphoreSets).toMatchObject([{ id: set.id, key: 9, count: 3 }]);
  expect(ipcs('-s')).toMatchObject([['0x00000009', String(set.id), /./, '600', '3']]);
  set.change({ mode: 0o660 });
  expect(set.stat().mode).toBe(0o660);
  set.remove();
  expect(listObjects(there).semaphoreSets).toEqual([]);
});

test('SemaphoreSet.tryOperate makes all operations or none', () => {
  const set = SemaphoreSet.create(2, there);
  set.writeValues([1, 0]);
  expect(set.tryOperate([{ add: -1 }, { index: 1, add: -1 }])).toBe(false);
  expect(set.readValues()).toEqual([1, 0]);
  expect(set.tryOperate([{ add: -1 }, { index: 1, add: 4 }, { add: 0 }])).toBe(true);
  expect(set.readValues()).toEqual([0, 4]);
});

test.each(['here', 'there'])(
  'SemaphoreSet.operate waits without blocking the event loop, %s',
  async (where) => {
    const set = SemaphoreSet.create(1, where === 'there' ? there : {});
    try {
      const taken = set.operate([{ add: -2 }]);
      await expect.poll(() => set.readState().waitingForMore, patient).toBe(1);
      set.tryOperate([{ add: 1 }]);
      set.tryOperate([{ add: 2 }]);
      await taken;
      expect(set.readValues()).toEqual([1]);
      const zero = set.operate([{ add: 0 }, { add: 5 }]);
      await expect.poll(() => set.readState().waitingForZero, patient).toBe(1);
      set.writeValue(0, 0);
      await zero;
      expect(set.readValues()).toEqual([5]);
    } finally {
      set.remove();
    }
  },
);

test('SemaphoreSet.operate serves every waiting call once', async () => {
  const set = SemaphoreSet.create(1, there);
  const waiting = Array.from({ length: 6 }, () => set.operate([{ add: -1 }]));
  set.writeValue(0, 6);
  await Promise.all(waiting);
  expect(set.readValues()).toEqual([0]);
});

test('SemaphoreSet.operate ends with its timeout, its signal or the set, and changes nothing', async () => {
  const set = SemaphoreSet.create(1, there);
  await expect(set.operate([{ add: -1 }], { timeout: 20 })).rejects.toThrow(timedOut);
  const signal = AbortSignal.timeout(20);
  await expect(set.operate([{ add: -1 }], { signal })).rejects.toThrow(ended);
  expect(set.readState()).toMatchObject({ value: 0, waitingForMore: 0 });
  const last = set.operate([{ add: -1 }]);
  await expect.poll(() => set.readState().waitingForMore, patient).toBe(1);
  set.remove();
  await expect(last).rejects.toThrow(removed);
  const early = SemaphoreSet.create(1, there);
  const never = early.operate([{ add: -1 }]);
  early.remove();
  await expect(never).rejects.toThrow(removed);
});

test("SemaphoreSet.tryOperate takes undo in the caller's namespace only", () => {
  const set = SemaphoreSet.create(1);
  try {
    set.writeValue(0, 5);
    expect(set.tryOperate([{ add: -1, undo: true }])).toBe(true);
    expect(set.readValues()).toEqual([4]);
  } finally {
    set.remove();
  }
  expect(() => SemaphoreSet.fromId(0, there).tryOperate([{ add: 1, undo: true }])).toThrow(
    'operations[0].undo must not be true in another namespace',
  );
});

test('SemaphoreSet refuses wrong arguments', () => {
  expect(() => SemaphoreSet.create(0)).toThrow(RangeError);
  const set = SemaphoreSet.fromId(0);
  expect(() => set.tryOperate([])).toThrow(TypeError);
  expect(() => set.tryOperate([{ add: 40000 }])).toThrow(RangeError);
  expect(() => set.writeValue(0, -1)).toThrow(RangeError);
});

test('disposal of a SemaphoreSet removes a set that was created', () => {
  {
    using set = SemaphoreSet.create(1, there);
    expect(set.stat().count).toBe(1);
  }
  expect(listObjects(there).semaphoreSets).toEqual([]);
});
