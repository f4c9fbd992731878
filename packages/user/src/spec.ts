// What a child with a user namespace of its own gets.
import type { NamespaceSpec } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { type CallerIds, callerIds, type MapChoice, resolveMaps } from './choice.js';
import { addCapabilities, type CapabilityOptions, checkCapabilities } from './credentials.js';
import { assertId } from './id-map.js';
import { forbidNested, withoutNested } from './nested.js';
import type { SetgroupsState } from './read.js';
import { addRunAs, checkRunAs, type RunAs } from './run-as.js';
import { becomeIds, startingIds } from './set-up-ids.js';
import { isOwnIds, makeInside, writeFromInside } from './write-inside.js';
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
   * supplementary groups, and without losing ambient capabilities. `'self'`: with the caller's own
   * ids. Where they have other numbers inside, the command runs in a second user namespace inside of
   * the first, which gives them back, and has no power over what has been set up.
   */
  runAs?: RunAs | 'self';
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

const names = [
  ...['map', 'setgroups', 'uid', 'gid', 'runAs', 'capabilities', 'owner', 'disableNested'],
] as const satisfies readonly (keyof UserOptions)[];

function checkOwner(owner: CallerIds): void {
  assertKeys(owner, ['uid', 'gid'], 'owner');
  const { uid, gid } = ownOptions(owner);
  assertId(uid, 'owner.uid');
  assertId(gid, 'owner.gid');
}

function capabilitiesOf({ capabilities, disableNested = false }: UserOptions) {
  if (typeof disableNested !== 'boolean') {
    throw new TypeError(`disableNested must be a boolean: ${String(disableNested)}`);
  }
  const wanted = disableNested ? withoutNested(capabilities) : capabilities;
  if (wanted !== undefined) checkCapabilities(wanted);
  return wanted;
}

/** What a child gets, as somebody who makes the namespace. */
function planFor(maker: CallerIds, options: UserOptions) {
  const { map = 'root' } = options;
  const maps = resolveMaps(map, maker);
  const runAs = options.runAs === undefined ? undefined : checkRunAs(options.runAs, maps, maker);
  return { maker, maps, start: startingIds(maps, maker, options), runAs };
}

/**
 * The same inside of a user namespace that the child joins, with the ids of that one. Its parent
 * is out of our reach there, so the child writes its maps itself.
 */
function planInside(options: UserOptions) {
  const { map = 'root', owner = { uid: 0, gid: 0 }, setgroups } = options;
  if (map === 'auto' || map === 'subids' || map === 'all') {
    throw new TypeError(`map: '${map}' is not for a user namespace inside of a joined one`);
  }
  const plan = planFor(owner, options);
  if (isOwnIds(plan.maps, owner) && setgroups !== 'allow') return plan;
  throw new TypeError(
    `map: inside of a joined user namespace, only its owner's own ids can be mapped, ${owner.uid} and ${owner.gid}, and setgroups stays denied`,
  );
}

/**
 * A new user namespace for a child: it has every privilege inside, and owns the other namespaces
 * that are made with it. With spawn's `uid` and `gid` it is set up as root and runs as somebody
 * else.
 *
 * Beside the handle of a user namespace, which the child joins, it is made inside of that one, and
 * by its root or by `owner`: `outside` and `owner` are ids of the joined namespace then.
 *
 * Needs no privileges for the caller's own ids. Other ids need CAP_SETUID and CAP_SETGID, or
 * newuidmap(1) and newgidmap(1) and ranges in /etc/subuid and /etc/subgid.
 *
 * @throws {TypeError | RangeError} for maps that the kernel would refuse
 * @throws {Error} if a map is not permitted, with the reason and the cure
 * @see user_namespaces(7), unshare(1) `--user`
 * @example spawn('id', [], { namespaces: [user({ map: 'root' })] })
 */
export function user(given: UserOptions = {}): NamespaceSpec {
  assertKeys(given, names, 'user');
  const options = ownOptions(given);
  const { owner, setgroups, disableNested } = options;
  if (owner !== undefined) checkOwner(owner);
  if (setgroups !== undefined && setgroups !== 'allow' && setgroups !== 'deny') {
    throw new TypeError(`setgroups must be 'allow' or 'deny': ${String(setgroups)}`);
  }
  for (const kind of ['uid', 'gid'] as const) {
    if (options[kind] !== undefined) assertId(options[kind], kind);
  }
  const capabilities = capabilitiesOf(options);
  const plan = planFor(owner ?? callerIds(), options);
  return {
    type: 'user',
    prepare(child) {
      const isInside = child.joins.has('user');
      const { maker, maps, start, runAs } = isInside ? planInside(options) : plan;
      if (owner || isInside) child.ownedBy(maker.uid, maker.gid);
      const byItself = isOwnIds(maps, maker) && setgroups !== 'allow';
      if (!byItself || (owner && !isInside)) writeFromParent(child, maps, setgroups);
      else if (child.joins.size > 0) makeInside(child, 'nested', maps);
      else writeFromInside(child, maps);
      becomeIds(child, start, setgroups);
      if (disableNested) forbidNested(child, runAs?.second ? 1 : 0);
      if (runAs) addRunAs(child, runAs);
      if (capabilities) addCapabilities(child, capabilities);
    },
  };
}
