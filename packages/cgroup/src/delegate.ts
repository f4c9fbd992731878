// Delegation: gives a user a group and those of its files that do not hold limits.
import { readFileSync } from 'node:fs';
import { type Members, parse } from '@ns/core/authors';
import { trySyscall } from '@ns/core/sys';
import { type ControlFiles, fileError } from './control-files.js';

const ENOENT = 2;
const AT_EMPTY_PATH = 0x1000;

/** Returns the files that the kernel names for delegation, or those that every kernel has. */
function delegated(): string[] {
  try {
    return readFileSync('/sys/kernel/cgroup/delegate', 'utf8').split('\n').filter(Boolean);
  } catch {
    return ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'];
  }
}

/** The new owner of a group. */
export interface DelegateOptions {
  uid: number;
  /** Default: the group keeps its gid. */
  gid?: number | undefined;
}

const parseOwner = parse.options({
  uid: parse.required(parse.id),
  gid: parse.id,
} satisfies Members<DelegateOptions>);

/** Gives the group to a user. */
export function delegateTo(files: ControlFiles, owner: DelegateOptions): void {
  const { uid, gid } = parseOwner(owner, 'owner');
  for (const file of ['', ...delegated()]) {
    const flags = file === '' ? AT_EMPTY_PATH : 0;
    const result = trySyscall('fchownat', files.fd, file, uid, gid ?? -1, flags);
    // Files of controllers that the group lacks.
    if (result < 0 && result !== -ENOENT) {
      throw fileError(-result, 'fchownat', file === '' ? files.path : `${files.path}/${file}`);
    }
  }
}
