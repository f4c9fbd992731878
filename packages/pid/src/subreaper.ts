// Subreapers: who adopts orphans in place of PID 1.
import { PR } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';

/**
 * Makes this process the one to which orphans among its descendants fall, in place of its pid
 * namespace's init. It then has to reap them; libuv reaps only children that it has started.
 *
 * @see PR_SET_CHILD_SUBREAPER(2const)
 */
export function setChildSubreaper(enabled = true): void {
  if (typeof enabled !== 'boolean') {
    throw new TypeError(`enabled must be a boolean: ${String(enabled)}`);
  }
  syscall('prctl', PR.SET_CHILD_SUBREAPER, enabled ? 1 : 0, 0, 0, 0);
}

/** Whether this process is one. */
export function isChildSubreaper(): boolean {
  const value = new Int32Array(1);
  syscall('prctl', PR.GET_CHILD_SUBREAPER, value, 0, 0, 0);
  return value[0] === 1;
}
