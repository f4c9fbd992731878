// Who the commands of a sandbox are, inside and outside, and what they may do.
import { statSync } from 'node:fs';
import type { NamespaceSpec } from '@ns/core';
import type { Preparation } from '@ns/core/authors';
import {
  addCapabilities,
  addRunAs,
  capabilitySet,
  type IdMaps,
  readIdMaps,
  resolveMaps,
  toInside,
  toOutside,
  type UserOptions,
  user,
} from '@ns/user';
import { changesHost } from './root/host-changes.js';
import { hasUplink } from './network.js';
import type { SandboxOptions, SandboxUser } from '../options/types.js';
import { limitWatches } from './user-shares.js';
import { ownProperties, within } from '../options/validate.js';

/**
 * Ids that no user has, for commands of root: below 2^31, above what directories of users, containers
 * and systemd give out. One id for sandboxes whose files last, and ids for all others, of which each
 * takes one at random, so that the kernel counts apart what they use.
 */
const STRANGER = 0x7fff_6e73;
const FIRST_STRANGER = 0x7800_0000;
const LAST_STRANGER = 0x7ffd_ffff;
const NOBODY = 65_534;
const KEYCTL_JOIN_SESSION_KEYRING = 1;

/** Ids of the commands. */
export interface Identity {
  readonly maps: IdMaps;
  /** Inside. */
  readonly uid: number;
  readonly gid: number;
  /** Outside: who owns what they make. */
  readonly outside: { readonly uid: number; readonly gid: number };
  /**
   * Owner of the user namespace, by ids outside, if that is not the caller: what is used in there is
   * then counted for these ids.
   */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Ids of one user and one group. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Returns the effective ids of the caller. */
export function callerIds(): Ids {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

type Options = Pick<SandboxOptions, 'user' | 'root' | 'writable' | 'mounts' | 'network'>;

/** One of the ids that no user has, at random: they are too many to meet. */
function randomStranger(): number {
  return FIRST_STRANGER + Math.floor(Math.random() * (LAST_STRANGER - FIRST_STRANGER + 1));
}

/** Stands in a plan for the id that a sandbox would take. */
export const firstStranger = (): number => FIRST_STRANGER;

/**
 * True if no file outlives the sandbox that belongs to its commands, or that was given to them before:
 * in such files, the next sandbox has to be the same user.
 */
const keepsNoFiles = (options: Options): boolean =>
  !changesHost(options) && !(typeof options.root === 'object' && 'directory' in options.root);

/**
 * An id of no user that the caller's user namespace has, or nobody's. Undefined without one, or if the
 * caller is not root, who alone may take other ids.
 */
function strangerFor(options: Options, pick: () => number): number | undefined {
  if (callerIds().uid !== 0) return undefined;
  const here = readIdMaps();
  return [...(keepsNoFiles(options) ? [pick()] : []), STRANGER, NOBODY].find(
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
    throw new TypeError("user: 'nobody' needs root, who alone may take other ids");
  }
  return single({ uid: NOBODY, gid: NOBODY }, { uid: stranger, gid: stranger });
}

function mapsOf(choice: SandboxOptions['user'], stranger: number | undefined): IdMaps {
  const caller = callerIds();
  switch (choice) {
    case undefined:
      return stranger === undefined ? resolveMaps('current') : nobody(stranger);
    case 'nobody':
      return nobody(stranger);
    case 'ranges':
      return resolveMaps('auto');
    case 'current':
    case 'root':
      return resolveMaps(choice);
    default: {
      const { map } = choice;
      if (map) return within('user', () => resolveMaps(map));
      const { uid = caller.uid, gid = choice.uid ?? caller.gid } = choice;
      const outside = stranger === undefined ? caller : { uid: stranger, gid: stranger };
      return single({ uid, gid }, outside);
    }
  }
}

/**
 * Who the commands are by these options.
 *
 * @param pick an id of no user, for a sandbox that has one of its own
 * @throws {TypeError | RangeError} if that cannot be
 */
export function identityOf(options: Options, pick: () => number = randomStranger): Identity {
  const caller = callerIds();
  const stranger = strangerFor(options, pick);
  const maps = mapsOf(options.user, stranger);
  const wanted = ownProperties(typeof options.user === 'object' ? options.user : {});
  const own = (kind: 'uid' | 'gid') =>
    wanted[kind] ?? toInside(maps[kind], caller[kind]) ?? maps[kind][0]?.inside ?? 0;
  const [uid, gid] = [own('uid'), own('gid')];
  const outside = { uid: toOutside(maps.uid, uid), gid: toOutside(maps.gid, gid) };
  if (outside.uid === undefined) throw new RangeError(`user.uid: ${uid} is not in user.map`);
  if (outside.gid === undefined) throw new RangeError(`user.gid: ${gid} is not in user.map`);
  const ids = { uid: outside.uid, gid: outside.gid };
  // Processes of the owner rule over the namespace from outside. Only ids that no process of the host
  // has may own it, which nobody's are not; and pasta(1) has to, which gives up all other privileges.
  const isOwner =
    ids.uid !== NOBODY && ids.uid === stranger && ids.gid === stranger && !hasUplink(options);
  return { maps, uid, gid, outside: ids, ...(isOwner ? { owner: ids } : {}) };
}

/**
 * Who works on a directory. For root, that is the directory's owner: commands that are root outside
 * may change what belongs to root (SECURITY.md S12). In a directory of root's they have to be.
 */
export function workerOf(directory: string): SandboxUser {
  const found = callerIds().uid === 0 && statSync(directory, { throwIfNoEntry: false });
  if (!found || found.uid === 0) return 'current';
  const here = readIdMaps();
  // Root's group is the owner's as little as root is.
  const ids = { uid: found.uid, gid: found.gid || STRANGER };
  const isMapped = (kind: 'uid' | 'gid') => toOutside(here[kind], ids[kind]) !== undefined;
  if (!isMapped('uid') || !isMapped('gid')) return 'current';
  const map = {
    uid: [{ inside: ids.uid, outside: ids.uid }],
    gid: [{ inside: ids.gid, outside: ids.gid }],
  };
  return { ...ids, map };
}

/** The new user namespace, in which PID 1 keeps its capabilities: commands without cannot trace it. */
export function userSpec(identity: Identity, options: SandboxOptions): NamespaceSpec {
  const { maps, uid, gid, owner } = ownProperties(identity);
  const wanted: UserOptions = {
    map: { uid: maps.uid, gid: maps.gid },
    uid,
    gid,
    disableNested: options.nestedUserNamespaces !== true,
    ...(owner ? { owner } : {}),
  };
  const spec = user(ownProperties(wanted));
  return {
    ...spec,
    prepare(child) {
      spec.prepare?.(child);
      limitWatches(child);
    },
  };
}

/** True if commands have the capability to trace processes with more capabilities than theirs. */
export function mayTrace({ capabilities = [] }: SandboxOptions): boolean {
  return capabilitySet(capabilities, 'capabilities').has('cap_sys_ptrace');
}

/** What a command gives up after it has joined: the caller's keyring, ids and capabilities. */
export function giveUp(
  { uid, gid }: Pick<Identity, 'uid' | 'gid'>,
  { capabilities = [], nestedUserNamespaces = false }: SandboxOptions,
): (child: Preparation) => void {
  // Whoever has cap_sys_resource could allow user namespaces again.
  const kept = [...capabilitySet(capabilities, 'capabilities')].filter(
    (name) => nestedUserNamespaces || name !== 'cap_sys_resource',
  );
  const ambient = uid === 0 ? [] : kept;
  return (child) => {
    const step = 'leaving the keyring of the caller';
    // A kernel may have been built without keyrings.
    child
      .program('credentials')
      .call('keyctl', KEYCTL_JOIN_SESSION_KEYRING, null, { step, tolerate: ['ENOSYS'] });
    addRunAs(child, ownProperties({ uid, gid }));
    addCapabilities(child, ownProperties({ keep: kept, ambient }));
  };
}
