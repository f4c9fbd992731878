// Pids of one namespace in another.
import { type InOptions, SystemError } from '@ns/core';
import { inNamespace, type Members, parse, withTarget } from '@ns/core/authors';
import { numberIn, pidFrom, type TranslatedPid } from './numbers-in-namespace.js';
import { nestedPids, statusOf } from './proc-status.js';

const ESRCH = 3;

/** Options of {@link translatePid}. */
export interface TranslateOptions {
  /** The pid namespace that the pid belongs to, as in the option `in`. Default: the caller's. */
  from?: InOptions['in'];
  /** The pid namespace of the result, as in the option `in`. Default: the caller's. */
  to?: InOptions['in'];
}

const parseTranslate = parse.options({
  from: inNamespace('pid'),
  to: inNamespace('pid'),
} satisfies Members<TranslateOptions>);

/**
 * Returns the pid that a process or thread has in another pid namespace; null if it does not exist, or
 * is invisible in the other namespace or in the caller's.
 *
 * @throws {RangeError} if `pid` cannot be a pid
 * @throws {SystemError} if a namespace given by pid may not be opened
 * @see pid_namespaces(7), ioctl_nsfs(2)
 * @example translatePid(2, { from: child.pid })?.pid // the caller's pid of the namespace's second process
 */
export function translatePid(pid: number, options: TranslateOptions = {}): TranslatedPid | null {
  parse.pid(pid, 'pid');
  const { from, to } = parseTranslate(options);
  const here =
    from === undefined
      ? { pid, certain: true }
      : withTarget('pid', from, (namespace) => pidFrom(namespace, pid));
  if (here === null || to === undefined) return here;
  const there = withTarget('pid', to, (namespace) => numberIn(namespace, here.pid));
  return there && { pid: there.pid, certain: here.certain && there.certain };
}

/**
 * Returns all pids of a process or thread: that in the caller's pid namespace first, then those in
 * each namespace further in, that in its own last.
 *
 * @throws {SystemError} ESRCH if it does not exist
 * @see proc_pid_status(5) `NSpid`
 */
export function listPids(pid: number): number[] {
  parse.pid(pid, 'pid');
  const status = statusOf(pid);
  if (status === undefined) throw new SystemError(ESRCH, 'open', [`/proc/${pid}/status`]);
  return nestedPids(status);
}
