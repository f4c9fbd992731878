// The user and group of a command in joined namespaces, by the rules of nsenter(1).
import type { Namespace } from '@ns/core';
import type { OpenProcess } from '@ns/core/authors';
import { type IdMap, readIdMaps, toInside, toOutside } from '@ns/user';
import { type IdKind, parseId } from '../../arguments/ids.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';

/** Ids to take. Without one the id stays as it is. */
export interface Credentials {
  uid?: number;
  gid?: number;
}

const options = { uid: 'setuid', gid: 'setgid' } as const;

/** Returns the root of the joined user namespace; undefined if the namespace does not map it. */
function rootOf(map: IdMap | undefined): number | undefined {
  return map === undefined || toOutside(map, 0) !== undefined ? 0 : undefined;
}

/** Returns the effective id of a process, as seen by the caller. */
function effectiveId(kind: IdKind, process: OpenProcess): number {
  const name = kind === 'uid' ? 'Uid' : 'Gid';
  return Number(new RegExp(`^${name}:\\s+\\d+\\s+(\\d+)`, 'm').exec(process.read('status'))?.[1]);
}

/** Returns the id of the target, as seen in the joined user namespace. */
function followed(kind: IdKind, target: OpenProcess | undefined, map: IdMap | undefined): number {
  const option = options[kind];
  if (target === undefined) throw new UsageError(`--${option}=follow needs --target PID`);
  const id = effectiveId(kind, target);
  const inside = map === undefined ? id : toInside(map, id);
  if (inside !== undefined) return inside;
  throw new UsageError(
    `--${option}=follow: ${kind} ${id} of ${target.pid} is not mapped in the user namespace`,
  );
}

/**
 * Returns the ids inside: those of the options, or root of a joined user namespace.
 *
 * @param user the joined user namespace
 * @param target the process whose ids `follow` takes
 */
export function credentialsIn(
  commandLine: CommandLine,
  user: Namespace | undefined,
  target: OpenProcess | undefined,
): Credentials {
  if (commandLine.has('preserve-credentials')) {
    if (!commandLine.has('setuid') && !commandLine.has('setgid')) return {};
    throw new UsageError('--preserve-credentials excludes --setuid and --setgid');
  }
  const maps = user && readIdMaps({ in: user });
  const chosen: Credentials = {};
  for (const kind of ['uid', 'gid'] as const) {
    const text = commandLine.value(options[kind]);
    const id =
      text === undefined
        ? user && rootOf(maps?.[kind])
        : text === 'follow'
          ? followed(kind, target, maps?.[kind])
          : parseId(kind, text, options[kind]);
    if (id !== undefined) chosen[kind] = id;
  }
  return chosen;
}
