// Skips for what the kernel at hand does not have.
import { release } from 'node:os';
import type { SkippableTest } from './skip.js';

function numbers(version: string): [number, number] {
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (!match) throw new TypeError(`not a kernel version: ${version}`);
  return [Number(match[1]), Number(match[2])];
}

/** Whether the running kernel is of this version (`'6.11'`) or a later one. */
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
 * Skips the test if the kernel does not have a feature, as far as that is to be expected: on a kernel
 * of the version that brought it, or a later one, the test fails instead. So no skip outlives its
 * reason unseen.
 *
 * @param feature what is needed, and the kernel that brought it
 * @param has whether it is there, found out by trying
 */
export function skipUnlessFeature(
  test: SkippableTest,
  feature: { readonly name: string; readonly since: string },
  has: boolean,
): void {
  if (has) return;
  const { name, since } = feature;
  if (kernelAtLeast(since)) {
    throw new Error(`Linux ${since} brought ${name}, and this ${release()} does not have it`);
  }
  test.skip(`needs ${name} of Linux ${since}, this is ${release()}`);
}
