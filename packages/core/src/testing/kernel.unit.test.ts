import { release } from 'node:os';
import { expect, test } from 'vitest';
import { kernelAtLeast, skipBefore, skipUnlessFeature, skipUnlessKernel } from './kernel.js';

class Recorder {
  readonly reasons: string[] = [];
  skip(reason: string): void {
    this.reasons.push(reason);
  }
}

test('versions compare as numbers, not as texts', () => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  expect(kernelAtLeast(`${major}.${minor}`)).toBe(true);
  expect(kernelAtLeast(`${major}.${minor + 1}`)).toBe(false);
  expect(kernelAtLeast(`${major + 1}.0`)).toBe(false);
  expect(kernelAtLeast(`${major - 1}.99`)).toBe(true);
  expect(() => kernelAtLeast('new')).toThrow(TypeError);
});

test('a skip states the kernel that it waits for', () => {
  const recorder = new Recorder();
  skipUnlessKernel(recorder, '2.6');
  expect(recorder.reasons).toEqual([]);
  skipUnlessKernel(recorder, '99.0');
  expect(recorder.reasons).toEqual([`needs Linux 99.0, this is ${release()}`]);
});

test('a missing feature skips on an older kernel and fails on a newer one', () => {
  const recorder = new Recorder();
  skipUnlessFeature(recorder, 'listns', true);
  skipBefore(recorder, 'x', '99.0');
  expect(recorder.reasons).toEqual([`needs x of Linux 99.0, this is ${release()}`]);
  expect(() => skipUnlessFeature(recorder, 'clone3', false)).toThrow(/Linux 5\.3 brought clone3/);
});
