// The maps of user namespaces as /proc shows them.
import { readFileSync } from 'node:fs';
import { type IdMaps, parseIdMap } from './id-map.js';

/** Whether setgroups(2) is permitted in a user namespace. */
export type SetgroupsState = 'allow' | 'deny';

/** What /proc tells of the user namespace of a process. */
export interface UserNamespaceMaps extends IdMaps {
  /** Whether setgroups(2) is permitted. */
  readonly setgroups: SetgroupsState;
}

function checkPid(pid: number | 'self'): void {
  if (pid === 'self' || (Number.isInteger(pid) && pid > 0)) return;
  throw new TypeError(`pid must be a positive integer or 'self': ${String(pid)}`);
}

/**
 * Maps of the user namespace of a process. What is outside is numbered as in the caller's own user
 * namespace, or, if both are in the same one, as in its parent. An empty map means that none has
 * been written yet.
 *
 * @param pid number in the pid namespace of /proc. Default: `'self'`
 * @throws {Error} with code ENOENT if there is no such process
 * @see user_namespaces(7)
 */
export function readIdMaps(pid: number | 'self' = 'self'): UserNamespaceMaps {
  checkPid(pid);
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  return {
    uid: parseIdMap(read('uid_map')),
    gid: parseIdMap(read('gid_map')),
    setgroups: read('setgroups').trim() === 'deny' ? 'deny' : 'allow',
  };
}

/** The id that stands for every one that is not mapped. Default: 65534 for both kinds. */
export function overflowIds(): { uid: number; gid: number } {
  const read = (name: string) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
  return { uid: read('overflowuid'), gid: read('overflowgid') };
}
