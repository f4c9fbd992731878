// Numbers of one namespace in another.
import { SystemError } from '@ns/core';
import { assertKeys, type NamespaceTarget, ownOptions, withTarget } from '@ns/core/authors';
import { numberIn, pidFrom, type TranslatedPid } from './numbering.js';
import { assertPid } from './numbers.js';
import { nestedPids, statusOf } from './proc.js';

const ESRCH = 3;

/** Options of {@link translatePid}. */
export interface TranslateOptions {
  /** The pid namespace that the number is of: a handle, or the pid of a process in it. Default: the caller's. */
  from?: NamespaceTarget;
  /** The pid namespace to give a number of. Default: the caller's. */
  to?: NamespaceTarget;
}

/**
 * The number that a process or thread has in another pid namespace; null if there is none with this
 * number, or if it is not visible in the other namespace (or, on the way, in the caller's).
 *
 * @throws {RangeError} if `pid` cannot be one
 * @throws {SystemError} if a namespace given by pid may not be opened
 * @see pid_namespaces(7), ioctl_nsfs(2)
 * @example translatePid(2, { from: child.pid })?.pid // our number of the namespace's second process
 */
export function translatePid(pid: number, options: TranslateOptions = {}): TranslatedPid | null {
  assertPid(pid, 'pid');
  assertKeys(options, ['from', 'to'], 'options');
  const { from, to } = ownOptions(options);
  const here =
    from === undefined
      ? { pid, certain: true }
      : withTarget('pid', from, (namespace) => pidFrom(namespace, pid));
  if (here === null || to === undefined) return here;
  const there = withTarget('pid', to, (namespace) => numberIn(namespace, here.pid));
  return there && { pid: there.pid, certain: here.certain && there.certain };
}

/**
 * All numbers that a process or thread has: in the caller's pid namespace first, then in each
 * namespace further in, its own last.
 *
 * @throws {SystemError} ESRCH if there is none with this number
 * @see proc_pid_status(5) `NSpid`
 */
export function pidsOf(pid: number): number[] {
  assertPid(pid, 'pid');
  const status = statusOf(pid);
  if (status === undefined) throw new SystemError(ESRCH, 'open', [`/proc/${pid}/status`]);
  return nestedPids(status);
}
