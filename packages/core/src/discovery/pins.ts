// Namespaces that are mounted somewhere, in any mount namespace.
import { constants, readFileSync, readlinkSync } from 'node:fs';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT, RESOLVE } from '../sys/flags.js';
import { trySyscall } from '../sys/syscall.js';
import { type MountedNamespace, parseMountedNamespaces } from './mountinfo.js';

const EAGAIN = 11;
const EINVAL = 22;
const TRIES = 8;

/** A process whose root is that of its mount namespace, if there is one: it sees all mounts. */
function withFullView(tasks: readonly number[]): readonly number[] {
  const seesAll = tasks.find((task) => {
    try {
      return readlinkSync(`/proc/${task}/root`) === '/';
    } catch {
      return false;
    }
  });
  return seesAll === undefined ? tasks : [seesAll, ...tasks];
}

/** The mounts of a mount namespace, and the task through which they can be seen. */
export interface MountsSeen {
  readonly task: number;
  readonly mounted: readonly MountedNamespace[];
}

/** The namespaces mounted in the mount namespace of these tasks; undefined if none lets us look. */
export function mountedFor(tasks: readonly number[]): MountsSeen | undefined {
  for (const task of withFullView(tasks)) {
    try {
      const text = readFileSync(`/proc/${task}/mountinfo`, 'utf8');
      return { task, mounted: parseMountedNamespaces(text) };
    } catch {
      // It has ended, or may not be looked at. Another one is in there, perhaps.
    }
  }
  return undefined;
}

/** struct open_how */
function openHow(flags: number, resolve: number): BigUint64Array {
  return BigUint64Array.of(BigInt(flags), 0n, BigInt(resolve));
}

/**
 * Opens what is mounted at a path in the root of a task; undefined if that fails. The owner of the
 * mounts there must not be able to lead us astray, or let us wait: links end in that root, and
 * nothing is looked up that the kernel does not have in memory, as it has every mount point.
 */
export function openInRoot(task: number, path: string): number | undefined {
  const root = trySyscall('openat', AT.FDCWD, `/proc/${task}/root`, O_PATH | O_CLOEXEC, 0);
  if (root < 0) return undefined;
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | O_CLOEXEC;
  const resolve = RESOLVE.NO_MAGICLINKS | RESOLVE.IN_ROOT;
  try {
    let how = openHow(flags, resolve | RESOLVE.CACHED);
    for (let tries = 0; tries < TRIES; tries++) {
      const fd = trySyscall('openat2', root, path, how, how.byteLength);
      if (fd >= 0) return fd;
      if (fd === -EINVAL)
        how = openHow(flags, resolve); // Linux before 5.12
      else if (fd !== -EAGAIN) return undefined;
    }
    return undefined;
  } finally {
    closeFd(root);
  }
}
