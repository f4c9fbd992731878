import { afterEach, beforeEach, expect, test } from 'vitest';
import { listObjects, SharedMemory } from './index.js';
import { endNamespace, ipcs, makeNamespace, there } from './other-namespace.testing.js';

beforeEach(makeNamespace);
afterEach(endNamespace);

const uid = process.geteuid?.();
const gid = process.getegid?.();
const isRoot = uid === 0;

test('SharedMemory is created, opened, listed, described and removed', () => {
  const segment = SharedMemory.create(5000, { key: 0xc0ffee01, mode: 0o640, ...there });
  expect(SharedMemory.open(0xc0ffee01, there).id).toBe(segment.id);
  const info = segment.stat();
  expect(info).toMatchObject({ key: 0xc0ffee01, mode: 0o640, size: 5000, attachments: 0 });
  expect(info.attached).toBeUndefined();
  expect(info.changed?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  const { sharedMemory } = listObjects(there);
  expect(sharedMemory).toMatchObject([{ id: segment.id, key: 0xc0ffee01, size: 5000 }]);
  expect(ipcs('-m')).toMatchObject([['0xc0ffee01', String(segment.id), /./, '640', '5000', '0']]);
  segment.change({ mode: 0o600 });
  expect(segment.stat().mode).toBe(0o600);
  segment.remove();
  expect(listObjects(there).sharedMemory).toEqual([]);
  expect(() => segment.stat()).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('SharedMemory.create takes a key once', () => {
  const first = SharedMemory.create(1, { key: 7, ...there });
  expect(() => SharedMemory.create(1, { key: 7, ...there })).toThrow(
    expect.objectContaining({ code: 'EEXIST' }),
  );
  expect(SharedMemory.create(1, { key: 7, exclusive: false, ...there }).id).toBe(first.id);
  expect(() => SharedMemory.open(8, there)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

test('SharedMemory.attach shares the segment until it is detached', () => {
  const segment = SharedMemory.create(5000);
  try {
    const [one, two] = [segment.attach(), segment.attach()];
    expect(one.buffer.length).toBe(5000);
    one.buffer.write('hello', 4990);
    expect(two.buffer.toString('latin1', 4990, 4995)).toBe('hello');
    expect(segment.stat()).toMatchObject({ attachments: 2, lastPid: process.pid, uid, gid });
    const part = one.buffer.subarray(4990);
    one.detach();
    one.detach();
    expect(segment.stat().attachments).toBe(1);
    expect([...part]).toEqual(Array(10).fill(0));
    two[Symbol.dispose]();
    expect(segment.stat().attachments).toBe(0);
  } finally {
    segment.remove();
  }
});

test('SharedMemory.attach works in a namespace that the caller may enter', () => {
  const segment = SharedMemory.create(4096, there);
  if (!isRoot) {
    expect(() => segment.attach()).toThrow(/A child started there with spawn can attach it/);
    return;
  }
  using attachment = segment.attach();
  attachment.buffer.write('x');
  expect(segment.stat().attachments).toBe(1);
});

test('SharedMemory refuses wrong arguments', () => {
  expect(() => SharedMemory.create(0)).toThrow(RangeError);
  expect(() => SharedMemory.create(1, { key: 0 })).toThrow('options.key must be an integer from 1');
  expect(() => SharedMemory.create(1, { mode: 0o1000 })).toThrow(RangeError);
  expect(() => SharedMemory.open('7' as unknown as number)).toThrow(TypeError);
  expect(() => SharedMemory.fromId(-1)).toThrow(RangeError);
  expect(() => SharedMemory.fromId(0).change({ mode: 0o7777 })).toThrow(/^changes\.mode must be/);
});

test('disposal of SharedMemory removes a segment that was created', () => {
  {
    using segment = SharedMemory.create('4K', there);
    expect(segment.stat().size).toBe(4096);
  }
  expect(listObjects(there).sharedMemory).toEqual([]);
});
