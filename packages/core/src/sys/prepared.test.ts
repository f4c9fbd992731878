import { expect, test } from 'vitest';
import { closeFd, pipe } from './fd.js';
import { PreparedCalls } from './prepared.js';
import { syscall } from './syscall.js';

test('calls are made in their order, and again with other numbers', () => {
  const { read, write } = pipe();
  const [out, back] = [Buffer.from('hello'), Buffer.alloc(8)];
  try {
    const calls = new PreparedCalls([
      ['write', write, out, 5],
      ['read', read, back, 8],
    ]);
    expect(calls.run()).toBe(2);
    expect([calls.resultOf(0), calls.resultOf(1)]).toEqual([5, 5]);
    expect(back.toString('latin1', 0, 5)).toBe('hello');
    calls.set(0, 2, 2);
    expect(calls.run()).toBe(2);
    expect(calls.resultOf(1)).toBe(2);
  } finally {
    closeFd(read);
    closeFd(write);
  }
});

test('run stops at the first call that fails, and returns its place', () => {
  const back = Buffer.alloc(1);
  const calls = new PreparedCalls([['getpid'], ['read', -1, back, 1], ['lseek', 0, 0, 0]]);
  expect(calls.run()).toBe(1);
  expect(calls.resultOf(0)).toBe(process.pid);
  expect(calls.resultOf(1)).toBe(-9);
  expect(calls.resultOf(2)).toBe(0);
  expect(calls.run(1)).toBe(1);
});

test('numbers beyond 32 bits come and go whole', () => {
  const file = syscall('memfd_create', 'ns-test', 1 /* MFD_CLOEXEC */);
  try {
    const calls = new PreparedCalls([['lseek', file, 0, 0 /* SEEK_SET */]]);
    calls.set(0, 1, 2 ** 40 + 1);
    expect(calls.run()).toBe(1);
    expect(calls.resultOf(0)).toBe(2 ** 40 + 1);
    calls.set(0, 1, -1);
    expect(calls.run()).toBe(0);
    expect(calls.resultOf(0)).toBe(-22); // EINVAL
    expect(() => calls.set(0, 1, 0.5)).toThrow(RangeError);
  } finally {
    closeFd(file);
  }
});

test('what a prepared call names must be right as for any other', () => {
  expect(() => new PreparedCalls([['lseek', 0.5]])).toThrow(RangeError);
  expect(() => new PreparedCalls([['unlinkat', 0, 'a\0b', 0]])).toThrow(TypeError);
  expect(() => new PreparedCalls([['read', 1, 2, 3, 4, 5, 6, 7]])).toThrow(RangeError);
});
