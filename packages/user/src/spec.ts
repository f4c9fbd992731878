// What a child with a user namespace of its own gets.
import type { NamespaceSpec } from '@ns/core';
import { callerIds, type MapChoice, resolveMaps } from './choice.js';
import {
  addCapabilities,
  addRunAs,
  type CapabilityOptions,
  checkCapabilities,
  checkRunAs,
  type RunAs,
} from './credentials.js';
import { assertId } from './id-map.js';
import { forbidNested, withoutNested } from './nested.js';
import type { SetgroupsState } from './read.js';
import { becomeIds, startingIds } from './set-up-ids.js';
import { isOwnIds, writeFromInside } from './write-inside.js';
import { writeFromParent } from './write-parent.js';

/** Options of {@link user}. */
export interface UserOptions {
  /** Which ids exist inside. Default: `'root'`. */
  map?: MapChoice;
  /**
   * Whether setgroups(2) is permitted inside. `'allow'` needs a gid map written by root or by
   * newgidmap(1): by giving up a group, a process can gain what is forbidden to that group.
   * Default: `'deny'` if only the caller's own ids are mapped, else what it is outside.
   */
  setgroups?: SetgroupsState;
  /**
   * Ids inside to set up the child with, before spawn's `uid` and `gid` are taken. Default: the
   * caller's own if they are mapped, else 0, else the first that is mapped.
   */
  uid?: number;
  gid?: number;
  /**
   * Ids inside that the command runs with, once everything is set up: spawn's `uid` and `gid`, with
   * supplementary groups, and without losing ambient capabilities.
   */
  runAs?: RunAs;
  /** What the command may do inside. Default: as root everything, else nothing. */
  capabilities?: CapabilityOptions;
  /**
   * Whose namespace it is to be, by ids outside: who owns it may enter it and has every privilege
   * there. Needs CAP_SETUID and CAP_SETGID. Default: the caller's.
   */
  owner?: { readonly uid: number; readonly gid: number };
  /** Forbid user namespaces inside, for good: takes cap_sys_resource as well. Default: false. */
  disableNested?: boolean;
}

function capabilitiesOf({ capabilities, disableNested = false }: UserOptions) {
  if (typeof disableNested !== 'boolean') {
    throw new TypeError(`disableNested must be a boolean: ${String(disableNested)}`);
  }
  const wanted = disableNested ? withoutNested(capabilities) : capabilities;
  if (wanted) checkCapabilities(wanted);
  return wanted;
}

/**
 * A new user namespace for a child: it has every privilege inside, and owns the other namespaces
 * that are made with it. With spawn's `uid` and `gid` it is set up as root and runs as somebody
 * else.
 *
 * Needs no privileges for the caller's own ids. Other ids need CAP_SETUID and CAP_SETGID, or
 * newuidmap(1) and newgidmap(1) and ranges in /etc/subuid and /etc/subgid.
 *
 * @throws {TypeError | RangeError} for maps that the kernel would refuse
 * @throws {Error} if a map is not permitted, with the reason and the cure
 * @see user_namespaces(7), unshare(1) `--user`
 * @example spawn('id', [], { namespaces: [user({ map: 'root' })] })
 */
export function user(options: UserOptions = {}): NamespaceSpec {
  const { map = 'root', setgroups } = options;
  const { owner } = options;
  if (owner) {
    assertId(owner.uid, 'owner.uid');
    assertId(owner.gid, 'owner.gid');
  }
  const caller = owner ?? callerIds();
  const maps = resolveMaps(map, caller);
  if (setgroups !== undefined && setgroups !== 'allow' && setgroups !== 'deny') {
    throw new TypeError(`setgroups must be 'allow' or 'deny': ${String(setgroups)}`);
  }
  for (const kind of ['uid', 'gid'] as const) {
    if (options[kind] !== undefined) assertId(options[kind], kind);
  }
  const start = startingIds(maps, caller, options);
  const runAs = options.runAs && checkRunAs(options.runAs);
  const capabilities = capabilitiesOf(options);
  return {
    type: 'user',
    prepare(child) {
      if (owner) child.ownedBy(owner.uid, owner.gid);
      if (!owner && isOwnIds(maps, caller) && setgroups !== 'allow') writeFromInside(child, maps);
      else writeFromParent(child, maps, setgroups);
      becomeIds(child, start, setgroups);
      if (options.disableNested) forbidNested(child);
      if (runAs) addRunAs(child, runAs);
      if (capabilities) addCapabilities(child, capabilities);
    },
  };
}
