import { expect, onTestFinished, test, vi } from 'vitest';
import { seededRandom } from './random.js';

const ten = (seed: string) => {
  vi.stubEnv('NS_TEST_SEED', seed);
  onTestFinished(() => void vi.unstubAllEnvs());
  const random = seededRandom({ onTestFailed: () => {} });
  return Array.from({ length: 10 }, random);
};

test('seededRandom returns the same numbers for the same seed', () => {
  expect(ten('7')).toEqual(ten('7'));
  expect(ten('7')).not.toEqual(ten('8'));
  expect(new Set(ten('7')).size).toBe(10);
  for (const number of ten('7')) expect(number).toBeGreaterThanOrEqual(0);
  for (const number of ten('7')) expect(number).toBeLessThan(1);
});

test('seededRandom prints its seed when the test fails', () => {
  vi.stubEnv('NS_TEST_SEED', '7');
  onTestFinished(() => void vi.unstubAllEnvs());
  const print = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => print.mockRestore());
  seededRandom({ onTestFailed: (fail) => fail() });
  expect(print).toHaveBeenCalledWith(expect.stringContaining('NS_TEST_SEED=7'));
});
