// The numbers that a pid namespace gives to processes and threads. By ioctls from Linux 6.11 on,
// which need no right over the process; before, by /proc.
import { isSystemError, Namespace, SystemError } from '@ns/core';
import { trySyscall } from '@ns/core/sys';
import { allPids, nestedPids, statusOf, threadsOf } from './proc.js';

const NS_GET_PID_FROM_PIDNS = 0x8004_b706;
const NS_GET_PID_IN_PIDNS = 0x8004_b708;
const ESRCH = 3;
const EINVAL = 22;
const ENOTTY = 25;

/** A number in another namespace. */
export interface TranslatedPid {
  readonly pid: number;
  /**
   * False if the kernel has no call for it (before Linux 6.11) and it was read from /proc step by
   * step: a process may have ended meanwhile, and its number be another's.
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

/** How many namespaces above this one the other is; undefined if it is not above. */
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

/** How deep a namespace is below the calling process's own; undefined if it is not below. */
export function levelOf(namespace: Namespace): number | undefined {
  const own = Namespace.of('self', 'pid');
  try {
    return stepsUp(namespace, own);
  } finally {
    own.close();
  }
}

/** The number in the namespace, found by the process's own and the way up from there. */
export function numberByProc(pid: number, namespace: Namespace): TranslatedPid | null {
  const status = statusOf(pid);
  if (status === undefined) return null;
  let own: Namespace;
  try {
    own = Namespace.of(pid, 'pid');
  } catch (error) {
    // Ended meanwhile, or not ours to see.
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

/** The process or thread that has this number in the namespace, found by asking all. */
export function pidByProc(number: number, namespace: Namespace): TranslatedPid | null {
  for (const pid of allPids().flatMap(threadsOf)) {
    // Few have the number in any namespace at all: only theirs have to be found out.
    const status = statusOf(pid);
    if (status === undefined || !nestedPids(status).includes(number)) continue;
    if (numberByProc(pid, namespace)?.pid === number) return { pid, certain: false };
  }
  return null;
}

/** What a process or thread is called in the namespace; null if it is not in it or below it. */
export function numberIn(namespace: Namespace, pid: number): TranslatedPid | null {
  const answer = ask(namespace, NS_GET_PID_IN_PIDNS, pid);
  return answer === undefined ? numberByProc(pid, namespace) : answer;
}

/** What the one with this number in the namespace is called in the caller's. */
export function pidFrom(namespace: Namespace, number: number): TranslatedPid | null {
  const answer = ask(namespace, NS_GET_PID_FROM_PIDNS, number);
  return answer === undefined ? pidByProc(number, namespace) : answer;
}
