// The ids of the commands of a sandbox, inside and outside.
import { statSync } from 'node:fs';
import { type IdMaps, readIdMaps, resolveMaps, toInside, toOutside } from '@ns/user';
import type { Settings } from '../options/members.js';
import type { SandboxUser } from '../options/types.js';
import { within } from '../options/within.js';
import { hasUplink } from './network.js';
import { changesHost } from './root/host-changes.js';

/**
 * Ids that no user has, for commands of root: below 2^31, above what directories of users, containers
 * and systemd give out. One id for sandboxes whose files last, and ids for all others, of which each
 * takes one at random, so that the kernel counts apart what they use.
 */
const STRANGER = 0x7fff_6e73;
const FIRST_STRANGER = 0x7800_0000;
const LAST_STRANGER = 0x7ffd_ffff;
const NOBODY = 65_534;

/** Ids of a user and a group. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Ids of the commands. */
export interface Identity extends Ids {
  readonly maps: IdMaps;
  /** Ids outside: the owner of what commands create. */
  readonly outside: Ids;
  /**
   * Owner of the user namespace, by ids outside, if that is not the caller: what is used in there is
   * then counted for these ids.
   */
  readonly owner: Ids | undefined;
}

/** Returns the effective ids of the caller. */
export function callerIds(): Ids {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

type IdentitySettings = Pick<Settings, 'user' | 'root' | 'writable' | 'mounts' | 'network'>;

/** Returns one of the ids that no user has, at random: they are too many to meet. */
function randomStranger(): number {
  return FIRST_STRANGER + Math.floor(Math.random() * (LAST_STRANGER - FIRST_STRANGER + 1));
}

/** Returns the id that stands in a plan for the one that a sandbox would take. */
export const firstStranger = (): number => FIRST_STRANGER;

/**
 * Returns true if no file outlives the sandbox that belongs to its commands, or that was given to them
 * before: for such files, the next sandbox has to have the same user.
 */
const keepsNoFiles = (settings: IdentitySettings): boolean =>
  !changesHost(settings) && !(typeof settings.root === 'object' && 'directory' in settings.root);

/**
 * Returns an id that is mapped in the caller's user namespace and belongs to none of its users, else that of
 * the user `nobody`. Undefined if neither is mapped, or if the caller is not root: only root may take other
 * ids.
 */
function strangerFor(settings: IdentitySettings, pick: () => number): number | undefined {
  if (callerIds().uid !== 0) return undefined;
  const here = readIdMaps();
  return [...(keepsNoFiles(settings) ? [pick()] : []), STRANGER, NOBODY].find(
    (id) => toOutside(here.uid, id) !== undefined && toOutside(here.gid, id) !== undefined,
  );
}

function single(inside: Ids, outside: Ids): IdMaps {
  return resolveMaps({
    uid: [{ inside: inside.uid, outside: outside.uid }],
    gid: [{ inside: inside.gid, outside: outside.gid }],
  });
}

function nobody(stranger: number | undefined): IdMaps {
  if (stranger === undefined) {
    throw new TypeError("options.user 'nobody' needs root: other users cannot take other ids");
  }
  return single({ uid: NOBODY, gid: NOBODY }, { uid: stranger, gid: stranger });
}

function mapsOf(user: Settings['user'], stranger: number | undefined): IdMaps {
  const caller = callerIds();
  switch (user) {
    case undefined:
      return stranger === undefined ? resolveMaps('current') : nobody(stranger);
    case 'nobody':
      return nobody(stranger);
    case 'ranges':
      return resolveMaps('auto');
    case 'current':
    case 'root':
      return resolveMaps(user);
    default: {
      const { map } = user;
      if (map) {
        const { uid, gid } = map;
        const given = { ...(uid ? { uid } : {}), ...(gid ? { gid } : {}) };
        return within('options.user', () => resolveMaps(given));
      }
      const { uid = caller.uid, gid = user.uid ?? caller.gid } = user;
      const outside = stranger === undefined ? caller : { uid: stranger, gid: stranger };
      return single({ uid, gid }, outside);
    }
  }
}

/**
 * Returns the ids of the commands.
 *
 * @param pick returns an id of no user, for a sandbox that has one to itself
 * @throws {TypeError | RangeError} for ids that the caller cannot take
 */
export function identityOf(
  settings: IdentitySettings,
  pick: () => number = randomStranger,
): Identity {
  const caller = callerIds();
  const stranger = strangerFor(settings, pick);
  const maps = mapsOf(settings.user, stranger);
  const { user } = settings;
  const idOf = (kind: 'uid' | 'gid') => {
    const given = typeof user === 'object' ? user[kind] : undefined;
    return given ?? toInside(maps[kind], caller[kind]) ?? maps[kind][0]?.inside ?? 0;
  };
  const outsideOf = (kind: 'uid' | 'gid', id: number) => {
    const outside = toOutside(maps[kind], id);
    if (outside !== undefined) return outside;
    throw new RangeError(`options.user.${kind} must be in options.user.map, got ${id}`);
  };
  const [uid, gid] = [idOf('uid'), idOf('gid')];
  const outside = { uid: outsideOf('uid', uid), gid: outsideOf('gid', gid) };
  // Processes of the owner have all capabilities over the namespace from outside. So only ids that no
  // process of the host has may own it: services can run as `nobody`. With an uplink the caller's ids own
  // it, since pasta(1) gives up all other privileges before it joins.
  const isOwner =
    outside.uid !== NOBODY &&
    outside.uid === stranger &&
    outside.gid === stranger &&
    !hasUplink(settings);
  return { maps, uid, gid, outside, owner: isOwner ? outside : undefined };
}

/**
 * Returns the user who works on a directory. For root, that is the directory's owner: commands that are
 * root outside may change what belongs to root (SECURITY.md S12). In a directory of root's they have to.
 */
export function workerOf(directory: string): SandboxUser {
  const found = callerIds().uid === 0 && statSync(directory, { throwIfNoEntry: false });
  if (!found || found.uid === 0) return 'current';
  const here = readIdMaps();
  // Root's group is not the owner's, as root is not.
  const ids = { uid: found.uid, gid: found.gid || STRANGER };
  const isMapped = (kind: 'uid' | 'gid') => toOutside(here[kind], ids[kind]) !== undefined;
  if (!isMapped('uid') || !isMapped('gid')) return 'current';
  const map = {
    uid: [{ inside: ids.uid, outside: ids.uid }],
    gid: [{ inside: ids.gid, outside: ids.gid }],
  };
  return { ...ids, map };
}
