// How the parent's descriptors come into the runner.

import type { Program } from '../../program/program.js';
import { CLOSE_RANGE_CLOEXEC } from '../../sys/flags.js';
import { EVERY_FD } from './descriptors.js';

/**
 * Adds the calls that copy descriptors into the runner, and let all others end when it is exec'ed.
 * The copies have numbers above everything else, so that none overwrites a source, nor what is
 * `taken`.
 *
 * @param duplicates what stands for a descriptor that the caller may have closed by then
 * @returns the number of each descriptor's copy
 */
export function carryAcross(
  program: Program,
  descriptors: readonly number[],
  taken: readonly number[],
  duplicates: ReadonlyMap<number, number> = new Map(),
): Map<number, number> {
  const first = Math.max(2, ...descriptors, ...taken, ...duplicates.values()) + 1;
  const copies = new Map<number, number>();
  program.call('close_range', 0, EVERY_FD, CLOSE_RANGE_CLOEXEC);
  for (const fd of new Set(descriptors)) {
    const copy = first + copies.size;
    program.call('dup3', duplicates.get(fd) ?? fd, copy, 0);
    copies.set(fd, copy);
  }
  return copies;
}
