// Who the commands of a sandbox are, inside and outside, and what they may do.
import type { NamespaceSpec, Preparation } from '@ns/core';
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
import type { SandboxOptions } from './options.js';
import { within } from './validate.js';

/** Ids that no user has: root's commands are somebody else outside, so that root's files are not theirs. */
const STRANGER = 0x7fff_6e73;
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

/** Somebody whom the caller's own user namespace has, and who is nobody else; undefined without one. */
function stranger(): number | undefined {
  const here = readIdMaps();
  return [STRANGER, NOBODY].find(
    (id) => toOutside(here.uid, id) !== undefined && toOutside(here.gid, id) !== undefined,
  );
}

function single(inside: Ids, outside: Ids): IdMaps {
  return resolveMaps({
    uid: [{ inside: inside.uid, outside: outside.uid }],
    gid: [{ inside: inside.gid, outside: outside.gid }],
  });
}

function nobody(caller: Ids): IdMaps {
  const id = stranger();
  if (caller.uid !== 0 || id === undefined) {
    throw new TypeError("user: 'nobody' needs root, who alone may become somebody else");
  }
  return single({ uid: NOBODY, gid: NOBODY }, { uid: id, gid: id });
}

function mapsOf(choice: SandboxOptions['user'], caller: Ids): IdMaps {
  switch (choice) {
    case undefined:
      return caller.uid === 0 && stranger() !== undefined ? nobody(caller) : resolveMaps('current');
    case 'nobody':
      return nobody(caller);
    case 'ranges':
      return resolveMaps('auto');
    case 'current':
    case 'root':
      return resolveMaps(choice);
    default: {
      const { map } = choice;
      if (map) return within('user', () => resolveMaps(map));
      const { uid = caller.uid, gid = choice.uid ?? caller.gid } = choice;
      const id = caller.uid === 0 ? stranger() : undefined;
      return single({ uid, gid }, id === undefined ? caller : { uid: id, gid: id });
    }
  }
}

/**
 * Who the commands are by these options.
 *
 * @throws {TypeError | RangeError} if that cannot be
 */
export function identityOf(options: Pick<SandboxOptions, 'user'>): Identity {
  const caller = callerIds();
  const maps = mapsOf(options.user, caller);
  const wanted = typeof options.user === 'object' ? options.user : {};
  const own = (kind: 'uid' | 'gid') =>
    wanted[kind] ?? toInside(maps[kind], caller[kind]) ?? maps[kind][0]?.inside ?? 0;
  const [uid, gid] = [own('uid'), own('gid')];
  const outside = { uid: toOutside(maps.uid, uid), gid: toOutside(maps.gid, gid) };
  if (outside.uid === undefined) throw new RangeError(`user.uid: ${uid} is not in user.map`);
  if (outside.gid === undefined) throw new RangeError(`user.gid: ${gid} is not in user.map`);
  return { maps, uid, gid, outside: { uid: outside.uid, gid: outside.gid } };
}

/** The new user namespace, in which PID 1 keeps its capabilities: commands without cannot trace it. */
export function userSpec(identity: Identity, options: SandboxOptions): NamespaceSpec {
  const { maps, uid, gid } = identity;
  const wanted: UserOptions = { map: { uid: maps.uid, gid: maps.gid }, uid, gid };
  return user({ ...wanted, disableNested: options.nestedUserNamespaces !== true });
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
    addRunAs(child, { uid, gid });
    addCapabilities(child, { keep: kept, ambient });
  };
}
