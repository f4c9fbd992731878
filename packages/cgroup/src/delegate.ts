// Delegation: a group and what of its files a user needs to work in it, but not its limits.
import { readFileSync } from 'node:fs';
import { trySyscall } from '@ns/core/sys';
import { type ControlFiles, fileError } from './files.js';

const ENOENT = 2;
const AT_EMPTY_PATH = 0x1000;

/** The files that the kernel names for this, or those that every kernel has. */
function delegated(): string[] {
  try {
    return readFileSync('/sys/kernel/cgroup/delegate', 'utf8').split('\n').filter(Boolean);
  } catch {
    return ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];
  }
}

function assertId(name: string, id: number): void {
  if (!Number.isInteger(id) || id < 0 || id >= 0xffff_ffff) {
    throw new RangeError(`${name} must be an id: ${String(id)}`);
  }
}

/** Gives the group to a user. */
export function delegateTo(files: ControlFiles, { uid, gid }: { uid: number; gid?: number }): void {
  assertId('uid', uid);
  if (gid !== undefined) assertId('gid', gid);
  for (const file of ['', ...delegated()]) {
    const flags = file === '' ? AT_EMPTY_PATH : 0;
    const result = trySyscall('fchownat', files.fd, file, uid, gid ?? -1, flags);
    // Files of controllers that the group does not have.
    if (result < 0 && result !== -ENOENT) {
      throw fileError(-result, 'fchownat', file === '' ? files.path : `${files.path}/${file}`);
    }
  }
}
