// Who a child's command runs as, once it is set up. Calls of the phases `settings`, `credentials`.
import { constants } from 'node:fs';
import { AT, assertKeys, CLONE, ownOptions, PR, type Preparation } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import type { CallerIds } from './choice.js';
import { assertId, type IdMap, type IdMaps } from './id-map.js';
import { toInside, toOutside } from './translate.js';
import { makeInside, writeOwnMaps } from './write-inside.js';

/** Ids that the command runs with. */
export interface RunAs {
  uid?: number;
  gid?: number;
  /** Supplementary groups. Default: none. */
  groups?: readonly number[];
}

/** After the checks: ids inside, and whether they are those of a second user namespace. */
export interface CheckedRunAs extends RunAs {
  /** Ids that the command has in a second user namespace, inside of the first. */
  readonly second?: CallerIds;
}

function checkMapped(id: number, map: IdMap, name: string): void {
  assertId(id, name);
  if (toOutside(map, id) === undefined) throw new RangeError(`${name}: ${id} is not mapped`);
}

function checkSelf(maps: IdMaps, maker: CallerIds): CheckedRunAs {
  const [uid, gid] = [toInside(maps.uid, maker.uid), toInside(maps.gid, maker.gid)];
  if (uid === undefined || gid === undefined) {
    throw new RangeError("runAs: 'self' needs the caller's own ids to be mapped");
  }
  return { uid, gid, ...(uid === maker.uid && gid === maker.gid ? {} : { second: maker }) };
}

/** @throws {TypeError | RangeError} for what is not an id, or not one of these maps */
export function checkRunAs(runAs: RunAs | 'self', maps: IdMaps, maker: CallerIds): CheckedRunAs {
  if (runAs === 'self') return checkSelf(maps, maker);
  if (typeof runAs !== 'object' || runAs === null) {
    throw new TypeError(`runAs must be { uid, gid, groups } or 'self': ${String(runAs)}`);
  }
  assertKeys(runAs, ['uid', 'gid', 'groups'], 'runAs');
  const { uid, gid, groups } = ownOptions(runAs);
  if (uid !== undefined) checkMapped(uid, maps.uid, 'runAs.uid');
  if (gid !== undefined) checkMapped(gid, maps.gid, 'runAs.gid');
  if (groups !== undefined && !Array.isArray(groups)) {
    throw new TypeError(`runAs.groups must be an array: ${String(groups)}`);
  }
  groups?.forEach((group, i) => {
    checkMapped(group, maps.gid, `runAs.groups[${i}]`);
  });
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(groups ? { groups } : {}),
  };
}

/** Makes a second user namespace, in which these ids, which the child has, are those of `second`. */
function addSecond(child: Preparation, uid: number, gid: number, second: CallerIds): void {
  const maps = {
    uid: [{ inside: second.uid, outside: uid, length: 1 }],
    gid: [{ inside: second.gid, outside: gid, length: 1 }],
  };
  if (child.joins.size > 0) {
    makeInside(child, 'credentials', maps);
    return;
  }
  // Opened while the present /proc is there: the root may be another one in the end.
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC;
  const step = 'making the user namespace that its command runs in';
  const self = child.program('settings').call('openat', AT.FDCWD, '/proc/self', flags, 0, { step });
  const program = child.program('credentials');
  program.call('unshare', CLONE.NEWUSER, { step });
  // Its own files in /proc are its own only while it is dumpable. It is alone in its namespaces.
  program.call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0, { step });
  writeOwnMaps(program, self, maps);
  program.call('close', self);
}

/**
 * Adds what makes a child's command run with these ids, keeping the capabilities until exec.
 *
 * @param child being planned: for the `prepare` of a specification
 * @throws {TypeError | RangeError} for what is not an id
 * @see setresuid(2), setgroups(2), prctl(2)
 */
export function addRunAs(
  child: Preparation,
  { uid, gid, groups = [], second }: CheckedRunAs,
): void {
  if (uid !== undefined) assertId(uid, 'uid');
  if (gid !== undefined) assertId(gid, 'gid');
  child.isolate();
  const program = child.program('credentials');
  const step = 'taking the ids that its command runs with';
  program.call('prctl', PR.SET_KEEPCAPS, 1, 0, 0, 0, { step });
  // Where setgroups is denied, nobody can have other groups than the caller's.
  const tolerate = groups.length === 0 ? ['EPERM'] : [];
  const list = new Uint8Array(Uint32Array.from(groups).buffer);
  program.call('setgroups', groups.length, groups.length === 0 ? null : list, { step, tolerate });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid, { step });
  if (uid !== undefined) program.call('setresuid', uid, uid, uid, { step });
  program.call('prctl', PR.SET_KEEPCAPS, 0, 0, 0, 0, { step });
  if (second && uid !== undefined && gid !== undefined) addSecond(child, uid, gid, second);
}
