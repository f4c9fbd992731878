import { expect, test } from 'vitest';
import { UsageError } from '../framework/usage-error.js';
import { parseNanoseconds, parseTimeout } from './durations.js';

test('parseTimeout takes a number as seconds, and units', () => {
  expect(parseTimeout('2', 'timeout')).toBe(2000);
  expect(parseTimeout('0.05', 'timeout')).toBe(50);
  expect(parseTimeout('150ms', 'timeout')).toBe(150);
  expect(parseTimeout('1.5m', 'timeout')).toBe(90_000);
});

test('parseTimeout refuses other texts, negative durations, and more than a timer can wait', () => {
  for (const text of ['', 'x', '1e3', '1 fortnight', 'Infinity']) {
    expect(() => parseTimeout(text, 'timeout'), text).toThrow(UsageError);
  }
  expect(() => parseTimeout('-1', 'timeout')).toThrow(RangeError);
  expect(() => parseTimeout('30d', 'timeout')).toThrow('--timeout must be a duration from 0 to');
});

test('parseNanoseconds takes negative offsets', () => {
  expect(parseNanoseconds('-86400', 'boottime')).toBe(-86_400_000_000_000n);
  expect(parseNanoseconds('-2d', 'boottime')).toBe(-172_800_000_000_000n);
  expect(parseNanoseconds('1.5', 'boottime')).toBe(1_500_000_000n);
});
