// The calls that tie the life of a child to that of its parent.

import type { Program } from '../../program/program.js';
import { PR } from '../../sys/flags.js';
import type { ChildPlan } from '../plan.js';

const POLLIN = 1;

/**
 * Ends the child with its parent. The parent may have gone before the call, so it is asked for
 * once more: a descriptor that becomes ready with its end. Said at the start, so that no later call
 * can keep the child alive, and again whenever the kernel has forgotten it: in a new process, and
 * after a change of credentials.
 */
export function endWithParent(
  program: Program,
  { parentSignal }: ChildPlan,
  tellsEnd: number,
): void {
  if (parentSignal === 0) return;
  program.call('prctl', PR.SET_PDEATHSIG, parentSignal, 0, 0, 0);
  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, tellsEnd, true);
  poll.setInt16(4, POLLIN, true);
  const once = new Uint8Array(16);
  program.call('ppoll', new Uint8Array(poll.buffer), 1, once, null, 0, {
    expect: 0,
    step: 'looking whether the parent is still alive',
  });
}
