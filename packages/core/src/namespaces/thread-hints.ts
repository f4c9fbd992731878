// Why the kernel refuses to move a thread of a process that has several, and what works instead.
import type { NamespaceType } from '../sys/namespace-types.js';

const EPERM = 1;
const EINVAL = 22;
const EUSERS = 87;

const hints = {
  user: 'No thread of a process that has several (as Node always has) can change its user namespace: use spawn, which joins or creates it in a child.',
  mount:
    'All threads of the process share their root and working directory, and a thread that does so cannot join a mount namespace: call unshareDirectories() on it first, best in a Worker; or use spawn.',
  pid: 'Only a descendant of the own pid namespace can be joined, and only the own one be come back to.',
  time: 'Only a process with a single thread (Node always has several) can join a time namespace: use spawn.',
  privilege:
    'Joining needs CAP_SYS_ADMIN both in the own user namespace and in the one that owns the target (for mount also CAP_SYS_CHROOT). For a namespace of a user namespace of your own: spawn, with handles of both.',
};

function wrap(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

/** The hint for a setns(2) that failed, in the form that SystemError takes. */
export function setnsHint(errno: number, types: readonly NamespaceType[]): { hint?: string } {
  if (errno === EPERM) return wrap(hints.privilege);
  if (errno === EUSERS) return wrap(hints.time);
  if (errno !== EINVAL) return {};
  const cause = (['user', 'mount', 'pid'] as const).find((type) => types.includes(type));
  return wrap(cause && hints[cause]);
}

/** The hint for an unshare(2) that failed. Others are known to SystemError itself. */
export function unshareHint(errno: number, types: readonly NamespaceType[]): { hint?: string } {
  return errno === EINVAL && types.includes('user') ? { hint: hints.user } : {};
}
