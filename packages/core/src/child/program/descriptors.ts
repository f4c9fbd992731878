// The calls that give a child its descriptors, and no others: SECURITY.md S7.

import type { Program } from '../../program/program.js';
import { CLOSE_RANGE_CLOEXEC, F } from '../../sys/flags.js';
import type { ChildDescriptor } from '../stdio.js';

/** Beyond every descriptor, for close_range(2). */
export const EVERY_FD = 0xffff_ffff;

/** Gives the child its descriptors, and marks all others close-on-exec. */
export function placeDescriptors(program: Program, descriptors: readonly ChildDescriptor[]): void {
  const top = Math.max(-1, ...descriptors.map(({ target }) => target));
  // A source that a target would overwrite is moved out of the way first.
  const moved = descriptors.map((descriptor) => {
    const { source, target } = descriptor;
    const overwritten = source !== target && source <= top;
    return {
      ...descriptor,
      source: overwritten ? program.call('fcntl', source, F.DUPFD_CLOEXEC, top + 1) : source,
    };
  });
  for (const { target, source, statusFlags } of moved) {
    if (source === target) program.call('fcntl', target, F.SETFD, 0);
    else program.call('dup3', source, target, 0);
    if (statusFlags !== undefined) program.call('fcntl', target, F.SETFL, statusFlags);
  }
  let first = 0;
  for (const target of descriptors.map((d) => d.target).sort((a, b) => a - b)) {
    if (target > first) program.call('close_range', first, target - 1, CLOSE_RANGE_CLOEXEC);
    first = target + 1;
  }
  program.call('close_range', first, EVERY_FD, CLOSE_RANGE_CLOEXEC);
}
