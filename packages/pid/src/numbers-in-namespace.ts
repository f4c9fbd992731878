// The pids of processes and threads in a pid namespace: by ioctls from Linux 6.11 on, which need no
// right over the process; before, by /proc.
import { isSystemError, Namespace, SystemError } from '@ns/core';
import { trySyscall } from '@ns/core/sys';
import { allPids, nestedPids, statusOf, threadsOf } from './proc-status.js';

const NS_GET_PID_FROM_PIDNS = 0x8004_b706;
const NS_GET_PID_IN_PIDNS = 0x8004_b708;
const ESRCH = 3;
const EINVAL = 22;
const ENOTTY = 25;

/** A pid in another namespace. */
export interface TranslatedPid {
  readonly pid: number;
  /**
   * False if the pid was read from /proc step by step (before Linux 6.11): the process may have ended
   * meanwhile, and its pid may be another's.
   */
  readonly certain: boolean;
}

function ask(namespace: Namespace, request: number, pid: number): TranslatedPid | null | undefined {
  const result = trySyscall('ioctl', namespace.fd, request, pid);
  if (result > 0) return { pid: result, certain: true };
  if (result === -ESRCH) return null;
  if (result === -ENOTTY || result === -EINVAL) return undefined;
  throw new SystemError(-result, 'ioctl', [namespace.fd, request, pid]);
}

/** Returns the number of levels from one namespace up to another; undefined if it is not above. */
function stepsUp(from: Namespace, to: Namespace): number | undefined {
  let steps = 0;
  let at: Namespace | null = from;
  try {
    while (at !== null) {
      if (at.equals(to)) return steps;
      const above: Namespace | null = at.parent();
      if (at !== from) at.close();
      at = above;
      steps++;
    }
    return undefined;
  } finally {
    if (at !== from) at?.close();
  }
}

/** Returns the level of a namespace below the calling process's own; undefined if it is not below. */
export function levelOf(namespace: Namespace): number | undefined {
  const own = Namespace.of('self', 'pid');
  try {
    return stepsUp(namespace, own);
  } finally {
    own.close();
  }
}

/** Finds the pid in a namespace by the levels between it and the process's own. */
export function numberByProc(pid: number, namespace: Namespace): TranslatedPid | null {
  const status = statusOf(pid);
  if (status === undefined) return null;
  let own: Namespace;
  try {
    own = Namespace.of(pid, 'pid');
  } catch (error) {
    // Ended meanwhile, or hidden from the caller.
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EACCES')) return null;
    throw error;
  }
  try {
    const steps = stepsUp(own, namespace);
    const number = steps === undefined ? undefined : nestedPids(status).at(-1 - steps);
    return number === undefined ? null : { pid: number, certain: false };
  } finally {
    own.close();
  }
}

/** Finds the process or thread that has this pid in the namespace among all. */
export function pidByProc(number: number, namespace: Namespace): TranslatedPid | null {
  for (const pid of allPids().flatMap(threadsOf)) {
    // Few have the pid in any namespace: only these are looked up.
    const status = statusOf(pid);
    if (status === undefined || !nestedPids(status).includes(number)) continue;
    if (numberByProc(pid, namespace)?.pid === number) return { pid, certain: false };
  }
  return null;
}

/** Returns the pid of a process or thread in the namespace; null if it is outside. */
export function numberIn(namespace: Namespace, pid: number): TranslatedPid | null {
  const answer = ask(namespace, NS_GET_PID_IN_PIDNS, pid);
  return answer === undefined ? numberByProc(pid, namespace) : answer;
}

/** Returns the caller's pid of the process or thread that has this pid in the namespace. */
export function pidFrom(namespace: Namespace, number: number): TranslatedPid | null {
  const answer = ask(namespace, NS_GET_PID_FROM_PIDNS, number);
  return answer === undefined ? pidByProc(number, namespace) : answer;
}
