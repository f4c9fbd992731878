import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MappedMemory } from './memory.js';
import { syscall } from './syscall.js';

const SIZE = 65536;
const MAP_SHARED_ANONYMOUS = 0x21;

const isShared = (address: number) =>
  readFileSync('/proc/self/maps', 'latin1').includes(`${address.toString(16)}-`) &&
  new RegExp(`^${address.toString(16)}-\\S+ rw-s`, 'm').test(
    readFileSync('/proc/self/maps', 'latin1'),
  );

test('mapped memory is a buffer, and stays one after its release', () => {
  const address = syscall('mmap', null, SIZE, 3, MAP_SHARED_ANONYMOUS, -1, 0);
  const memory = new MappedMemory(address, SIZE);
  const part = memory.buffer.subarray(100, 105);
  memory.buffer.write('hello', 100);
  expect(part.toString()).toBe('hello');
  expect(isShared(address)).toBe(true);
  memory.release();
  expect(isShared(address)).toBe(false);
  expect([...part]).toEqual([0, 0, 0, 0, 0]);
  part.write('alive');
  expect(memory.buffer.toString('latin1', 100, 105)).toBe('alive');
});
