// Which user and group a command runs as in namespaces that it joins, as nsenter(1) has it.
import type { Namespace } from '@ns/core';
import { type IdMap, readIdMaps, toOutside } from '@ns/user';
import { idOf } from './ids.js';
import { type Given, UsageError } from './options.js';

/** Ids to take; undefined where they stay as they are. */
export interface Credentials {
  uid?: number;
  gid?: number;
}

/** Root of the joined user namespace, where there is one: containers of one user may lack it. */
function rootOf(map: IdMap | undefined): number | undefined {
  return map === undefined || toOutside(map, 0) !== undefined ? 0 : undefined;
}

/**
 * Ids inside: those given, else root of a joined user namespace.
 *
 * @param user the user namespace that is joined, if one is
 * @param target the process that it is of, if it is of one
 */
export function credentialsIn(
  given: Given,
  user: Namespace | undefined,
  target: number | undefined,
): Credentials {
  const [uid, gid] = [given.value('setuid'), given.value('setgid')];
  if (given.has('preserve-credentials')) {
    if (uid === undefined && gid === undefined) return {};
    throw new UsageError('--preserve-credentials excludes --setuid and --setgid');
  }
  const byTarget = user !== undefined && target !== undefined && !given.value('user');
  const maps = byTarget ? readIdMaps(target) : undefined;
  const defaults = user === undefined ? {} : { uid: rootOf(maps?.uid), gid: rootOf(maps?.gid) };
  const chosen = {
    uid: uid === undefined ? defaults.uid : idOf('uid', uid, 'setuid'),
    gid: gid === undefined ? defaults.gid : idOf('gid', gid, 'setgid'),
  };
  return {
    ...(chosen.uid === undefined ? {} : { uid: chosen.uid }),
    ...(chosen.gid === undefined ? {} : { gid: chosen.gid }),
  };
}
