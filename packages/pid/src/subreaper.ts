// Subreapers: processes that adopt orphans in place of PID 1.
import { PR, parse } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';

/**
 * Makes this process the parent of orphans among its descendants, in place of its pid namespace's
 * init. It then has to reap them: libuv reaps only children that it has started.
 *
 * @see PR_SET_CHILD_SUBREAPER(2const)
 */
export function setChildSubreaper(enabled = true): void {
  parse.boolean(enabled, 'enabled');
  syscall('prctl', PR.SET_CHILD_SUBREAPER, enabled ? 1 : 0, 0, 0, 0);
}

/** Returns true if this process is a child subreaper. */
export function isChildSubreaper(): boolean {
  const value = new Int32Array(1);
  syscall('prctl', PR.GET_CHILD_SUBREAPER, value, 0, 0, 0);
  return value[0] === 1;
}
