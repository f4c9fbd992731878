// Which user and group a command runs as in namespaces that it joins, as nsenter(1) has it.
import type { Namespace } from '@ns/core';
import type { OpenProcess } from '@ns/core/authors';
import { type IdMap, readIdMaps, toInside, toOutside } from '@ns/user';
import { type IdKind, idOf } from '../ids.js';
import { type Given, UsageError } from '../options.js';

/** Ids to take; undefined where they stay as they are. */
export interface Credentials {
  uid?: number;
  gid?: number;
}

const options = { uid: 'setuid', gid: 'setgid' } as const;

/** Root of the joined user namespace, where there is one: containers of one user may lack it. */
function rootOf(map: IdMap | undefined): number | undefined {
  return map === undefined || toOutside(map, 0) !== undefined ? 0 : undefined;
}

/** The effective id of a process, as it is here. */
function effectiveId(kind: IdKind, process: OpenProcess): number {
  const name = kind === 'uid' ? 'Uid' : 'Gid';
  return Number(new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, 'm').exec(process.read('status'))?.[1]);
}

/** The id of the target, as it is in the joined user namespace. */
function followed(kind: IdKind, target: OpenProcess | undefined, map: IdMap | undefined): number {
  const option = options[kind];
  if (target === undefined) throw new UsageError(`--${option}=follow needs --target PID`);
  const id = effectiveId(kind, target);
  const inside = map === undefined ? id : toInside(map, id);
  if (inside !== undefined) return inside;
  throw new UsageError(`--${option}=follow: ${kind} ${id} of ${target.pid} is not mapped there`);
}

/**
 * Ids inside: those given, else root of a joined user namespace.
 *
 * @param user the user namespace that is joined, if one is
 * @param target the process that ids are followed of, if one is given
 */
export function credentialsIn(
  given: Given,
  user: Namespace | undefined,
  target: OpenProcess | undefined,
): Credentials {
  if (given.has('preserve-credentials')) {
    if (!given.has('setuid') && !given.has('setgid')) return {};
    throw new UsageError('--preserve-credentials excludes --setuid and --setgid');
  }
  const maps = user && readIdMaps({ in: user });
  const chosen: Credentials = {};
  for (const kind of ['uid', 'gid'] as const) {
    const text = given.value(options[kind]);
    const id =
      text === undefined
        ? user && rootOf(maps?.[kind])
        : text === 'follow'
          ? followed(kind, target, maps?.[kind])
          : idOf(kind, text, options[kind]);
    if (id !== undefined) chosen[kind] = id;
  }
  return chosen;
}
