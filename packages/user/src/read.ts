// The maps of user namespaces as /proc shows them.
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { Namespace } from '@ns/core';
import { Program, runProgramSync } from '@ns/core/authors';
import { type IdMaps, parseIdMap } from './id-map.js';

/** Whether setgroups(2) is permitted in a user namespace. */
export type SetgroupsState = 'allow' | 'deny';

/** What /proc tells of the user namespace of a process. */
export interface UserNamespaceMaps extends IdMaps {
  /** Whether setgroups(2) is permitted. */
  readonly setgroups: SetgroupsState;
}

/** A process that changes its maps more often while they are read does so on purpose. */
const ROUNDS = 10;

/** Returns the content of all three files, read until two rounds agree: it may unshare meanwhile. */
function readTogether(directory: string): readonly [string, string, string] {
  const read = (name: string) => readFileSync(`${directory}/${name}`, 'utf8');
  const all = () => [read('uid_map'), read('gid_map'), read('setgroups')] as const;
  let before = all();
  for (let round = 0; round < ROUNDS; round++) {
    const now = all();
    if (now.every((text, i) => text === before[i])) return now;
    before = now;
  }
  throw new Error('cannot read the maps of the process: they change all the time');
}

function readMaps(pid: number | 'self'): UserNamespaceMaps {
  // By the descriptor of its directory: another process may get the number.
  const directory = openSync(`/proc/${pid}`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const [uid, gid, setgroups] = readTogether(`/proc/self/fd/${directory}`);
    return {
      uid: parseIdMap(uid),
      gid: parseIdMap(gid),
      setgroups: setgroups.trim() === 'deny' ? 'deny' : 'allow',
    };
  } finally {
    closeSync(directory);
  }
}

/** A handle names no process whose files could be read, so a child joins and waits for us to do it. */
function readByJoining(namespace: Namespace): UserNamespaceMaps {
  let maps: UserNamespaceMaps | undefined;
  const program = new Program();
  program.meet(({ pid }) => {
    maps = readMaps(pid);
  });
  runProgramSync(program, { namespaces: [namespace] });
  return maps as unknown as UserNamespaceMaps;
}

function isOurs(namespace: Namespace): boolean {
  const own = Namespace.current('user');
  try {
    return own.equals(namespace);
  } finally {
    own.close();
  }
}

/**
 * Maps of a user namespace. What is outside is numbered as in the caller's own user namespace, or,
 * if it is that one, as in its parent. An empty map means that none has been written yet.
 *
 * @param target `'self'`, the pid of a process, as /proc has it, or a handle, which is joined by a
 *   short-lived child: that needs CAP_SYS_ADMIN in it. Default: `'self'`
 * @throws {Error} with code ENOENT if there is no such process
 * @throws {SystemError} EPERM if the namespace may not be joined
 * @see user_namespaces(7)
 */
export function readIdMaps(target: number | 'self' | Namespace = 'self'): UserNamespaceMaps {
  if (Namespace.isNamespace(target)) {
    if (target.type === 'user') return isOurs(target) ? readMaps('self') : readByJoining(target);
    throw new TypeError(`target must be a user namespace, not one of type ${target.type}`);
  }
  if (target === 'self' || (Number.isInteger(target) && target > 0)) return readMaps(target);
  throw new TypeError(`target must be a pid, 'self' or a handle: ${String(target)}`);
}

/** The id that stands for every one that is not mapped. Default: 65534 for both kinds. */
export function overflowIds(): { uid: number; gid: number } {
  const read = (name: string) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
  return { uid: read('overflowuid'), gid: read('overflowgid') };
}
