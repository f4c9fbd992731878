// The maps of user namespaces as /proc shows them.
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { type InOptions, Namespace } from '@ns/core';
import { inNamespace, Program, parse, runProgramSync } from '@ns/core/authors';
import { type IdMaps, parseIdMap } from './id-map.js';

/** The permission of setgroups(2) in a user namespace. */
export type SetgroupsState = 'allow' | 'deny';

/** The maps of a user namespace, and its permission of setgroups(2). */
export interface UserNamespaceMaps extends IdMaps {
  /** The permission of setgroups(2). */
  readonly setgroups: SetgroupsState;
}

/** Rounds of reading. A process that changes its maps more often meanwhile does so on purpose. */
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
  throw new Error('cannot read the maps of the process: they change with every look');
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

/** Reads the maps of a namespace from the files of a child that has joined it. */
function readByJoining(namespace: Namespace): UserNamespaceMaps {
  let maps: UserNamespaceMaps | undefined;
  const program = new Program();
  program.meet(({ pid }) => {
    maps = readMaps(pid);
  });
  runProgramSync(program, { namespaces: [namespace] });
  return maps as unknown as UserNamespaceMaps;
}

function isCurrent(namespace: Namespace): boolean {
  const own = Namespace.current('user');
  try {
    return own.equals(namespace);
  } finally {
    own.close();
  }
}

const parseIn = parse.options({ in: inNamespace('user') });

/**
 * Reads the maps of a user namespace. The ids outside are numbered as in the caller's own user namespace
 * or, if it is that one, as in its parent. An empty map has not been written yet.
 *
 * A handle is joined by a short-lived child, which needs CAP_SYS_ADMIN in the namespace.
 *
 * @throws {Error} with code ENOENT if the process does not exist
 * @throws {SystemError} EPERM if the namespace may not be joined
 * @see user_namespaces(7)
 * @example readIdMaps({ in: 1234 }).uid
 */
export function readIdMaps(options: InOptions = {}): UserNamespaceMaps {
  const { in: target } = parseIn(options);
  if (!Namespace.isNamespace(target)) return readMaps(target ?? 'self');
  return isCurrent(target) ? readMaps('self') : readByJoining(target);
}

/** Reads the ids that stand for all ids that are not mapped. Default: 65534 for both kinds. */
export function readOverflowIds(): { uid: number; gid: number } {
  const read = (name: string) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
  return { uid: read('overflowuid'), gid: read('overflowgid') };
}
