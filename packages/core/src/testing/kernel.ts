// Skips for features that the running kernel does not have.
import { release } from 'node:os';
import { type FeatureFacts, type FeatureName, featureTable } from '../sys/feature-table.js';
import type { SkippableTest } from './skip.js';

function numbers(version: string): [number, number] {
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (!match) throw new TypeError(`not a kernel version: ${version}`);
  return [Number(match[1]), Number(match[2])];
}

/** Returns true if the running kernel has this version (`'6.11'`) or a later one. */
export function kernelAtLeast(version: string): boolean {
  const [major, minor] = numbers(version);
  const [ours, ourMinor] = numbers(release());
  return ours > major || (ours === major && ourMinor >= minor);
}

/** Skips the test on kernels before this version. */
export function skipUnlessKernel(test: SkippableTest, version: string): void {
  if (!kernelAtLeast(version)) test.skip(`needs Linux ${version}, this is ${release()}`);
}

/**
 * Skips the test if the kernel is too old for a feature. On a kernel of the version that brought it, or
 * a later one, the test fails instead, so that a skip does not outlive its reason.
 *
 * @param has true if the feature was found by trying
 */
export function skipUnlessFeature(test: SkippableTest, feature: FeatureName, has: boolean): void {
  if (has) return;
  const { title, since = '0.0' }: FeatureFacts = featureTable[feature];
  skipBefore(test, `${feature} (${title})`, since);
}

/** Skips the test on a kernel before this version; fails it on others. */
export function skipBefore(test: SkippableTest, feature: string, since: string): void {
  if (kernelAtLeast(since)) {
    throw new Error(`Linux ${since} brought ${feature}, and this ${release()} does not have it`);
  }
  test.skip(`needs ${feature} of Linux ${since}, this is ${release()}`);
}
