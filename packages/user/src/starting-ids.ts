// The ids that a child has inside while it is set up.
import { PR, type Preparation } from '@ns/core/authors';
import { checkMapped } from './add-run-as.js';
import type { IdMap, IdMaps } from './id-map.js';
import type { SetgroupsState } from './read-id-maps.js';
import type { CallerIds } from './resolve-maps.js';
import { toInside, toOutside } from './translate-ids.js';

/** Ids to take inside; undefined where the child has its ids already. */
export interface StartingIds {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

function startingId(
  map: IdMap,
  own: number,
  wanted: number | undefined,
  name: string,
): number | undefined {
  const mapped = toInside(map, own);
  if (wanted !== undefined) {
    checkMapped(wanted, map, name);
    return wanted === mapped ? undefined : wanted;
  }
  if (mapped !== undefined) return undefined;
  return toOutside(map, 0) === undefined ? map[0]?.inside : 0;
}

/**
 * Returns the ids that a child of this caller has to take, so that its ids are mapped.
 *
 * @param name of the options in errors
 */
export function startingIds(
  maps: IdMaps,
  caller: CallerIds,
  wanted: { readonly uid: number | undefined; readonly gid: number | undefined },
  name: string,
): StartingIds {
  return {
    uid: startingId(maps.uid, caller.uid, wanted.uid, `${name}.uid`),
    gid: startingId(maps.gid, caller.gid, wanted.gid, `${name}.gid`),
  };
}

/** Adds the calls that take the ids; the capabilities stay. */
export function becomeIds(
  child: Preparation,
  { uid, gid }: StartingIds,
  setgroups: SetgroupsState | undefined,
): void {
  if (uid === undefined && gid === undefined) return;
  child.isolate();
  const program = child.program('user');
  const step = 'taking its ids in the new user namespace';
  // From 0 to another uid, the kernel would take the capabilities away.
  program.call('prctl', PR.SET_KEEPCAPS, 1, 0, 0, 0, { step });
  // The caller's groups mean nothing inside. Where setgroups is denied, they stay.
  if (setgroups !== 'deny') program.call('setgroups', 0, null, { step, tolerate: ['EPERM'] });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid, { step });
  if (uid !== undefined) program.call('setresuid', uid, uid, uid, { step });
  program.call('prctl', PR.SET_KEEPCAPS, 0, 0, 0, 0, { step });
}
