// The ids that a child's command runs with. Calls of the phases `settings`, `credentials`.
import { constants } from 'node:fs';
import {
  AT,
  CLONE,
  type Members,
  type Parser,
  PR,
  type Preparation,
  parse,
} from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import type { IdMap, IdMaps } from './id-map.js';
import type { CallerIds } from './resolve-maps.js';
import { toInside, toOutside } from './translate-ids.js';
import { makeInside, writeOwnMaps } from './write-from-child.js';

/** Ids that the command runs with. */
export interface RunAs {
  uid?: number | undefined;
  gid?: number | undefined;
  /** Supplementary groups. Default: none. */
  groups?: readonly number[] | undefined;
}

/** {@link RunAs} in normal form. */
export interface CommandIds {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly groups: readonly number[];
  /** Ids that the command has in a second user namespace, inside of the first. */
  readonly second?: CallerIds | undefined;
}

const parseIds = parse.options({
  uid: parse.id,
  gid: parse.id,
  groups: parse.withDefault(parse.list(parse.id), []),
} satisfies Members<RunAs>);

/** The option `runAs`. */
export const parseRunAs: Parser<CommandIds | 'self'> = (value, name) => {
  if (value === 'self') return value;
  if (typeof value !== 'object' || value === null) {
    parse.refuse(name, "{ uid, gid, groups } or 'self'", value);
  }
  return parseIds(value, name);
};

/**
 * Throws unless an id inside is mapped.
 *
 * @throws {RangeError}
 */
export function checkMapped(id: number, map: IdMap, name: string): void {
  if (toOutside(map, id) === undefined) parse.outOfRange(name, 'an id that is mapped', id);
}

function ownIds(maps: IdMaps, maker: CallerIds, name: string): CommandIds {
  const [uid, gid] = [toInside(maps.uid, maker.uid), toInside(maps.gid, maker.gid)];
  if (uid === undefined || gid === undefined) {
    throw new RangeError(`${name}: 'self' needs the caller's own ids to be mapped`);
  }
  const isSame = uid === maker.uid && gid === maker.gid;
  return { uid, gid, groups: [], second: isSame ? undefined : maker };
}

/**
 * Returns the ids inside that the command has with these maps.
 *
 * @param name of the option in errors
 * @throws {RangeError} for an id that is not mapped
 */
export function commandIds(
  runAs: CommandIds | 'self',
  maps: IdMaps,
  maker: CallerIds,
  name: string,
): CommandIds {
  if (runAs === 'self') return ownIds(maps, maker, name);
  const { uid, gid, groups } = runAs;
  if (uid !== undefined) checkMapped(uid, maps.uid, `${name}.uid`);
  if (gid !== undefined) checkMapped(gid, maps.gid, `${name}.gid`);
  for (const [i, group] of groups.entries()) checkMapped(group, maps.gid, `${name}.groups[${i}]`);
  return runAs;
}

/** Adds the calls that make a second user namespace, which maps the child's ids to those of `second`. */
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
  // It owns its files in /proc only while it is dumpable. It is alone in its namespaces.
  program.call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0, { step });
  writeOwnMaps(program, self, maps);
  program.call('close', self);
}

/** Adds the calls by which a child takes the ids of its command. The capabilities stay until exec. */
export function addCommandIds(child: Preparation, { uid, gid, groups, second }: CommandIds): void {
  child.isolate();
  const program = child.program('credentials');
  const step = 'taking the ids that its command runs with';
  program.call('prctl', PR.SET_KEEPCAPS, 1, 0, 0, 0, { step });
  // Where setgroups is denied, the child cannot have other groups than the caller's.
  const tolerate = groups.length === 0 ? ['EPERM'] : [];
  const list = new Uint8Array(Uint32Array.from(groups).buffer);
  program.call('setgroups', groups.length, groups.length === 0 ? null : list, { step, tolerate });
  if (gid !== undefined) program.call('setresgid', gid, gid, gid, { step });
  if (uid !== undefined) program.call('setresuid', uid, uid, uid, { step });
  program.call('prctl', PR.SET_KEEPCAPS, 0, 0, 0, 0, { step });
  if (second && uid !== undefined && gid !== undefined) addSecond(child, uid, gid, second);
}

/**
 * Adds the calls by which a child takes these ids for its command. The capabilities stay until exec.
 *
 * @param child that is planned: for the `prepare` of a specification
 * @throws {TypeError | RangeError} for a value that is not an id
 * @see setresuid(2), setgroups(2), prctl(2)
 */
export function addRunAs(child: Preparation, runAs: RunAs): void {
  addCommandIds(child, parseIds(runAs, 'runAs'));
}
