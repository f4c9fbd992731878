// The specification of a new user namespace.
import type { NamespaceSpec } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import {
  addCommandCapabilities,
  type CapabilityOptions,
  type CommandCapabilities,
  parseCommandCapabilities,
  withoutCapability,
} from './add-capabilities.js';
import { addCommandIds, commandIds, parseRunAs, type RunAs } from './add-run-as.js';
import { forbidNested } from './nested.js';
import type { SetgroupsState } from './read-id-maps.js';
import { type CallerIds, callerIds, type MapInput, mapsOf, parseMap } from './resolve-maps.js';
import { becomeIds, startingIds } from './starting-ids.js';
import { isOwnIds, makeInside, writeFromChild } from './write-from-child.js';
import { writeFromParent } from './write-from-parent.js';

/** Options of {@link user}. */
export interface UserOptions {
  /** The ids that exist inside. Default: `'root'`. */
  map?: MapInput | undefined;
  /**
   * The permission of setgroups(2) inside. `'allow'` needs a gid map written by root or by
   * newgidmap(1): by giving up a group, a process can gain access that is forbidden to that group.
   * Default: `'deny'` if only the caller's own ids are mapped, else what it is outside.
   */
  setgroups?: SetgroupsState | undefined;
  /**
   * Ids inside to set up the child with, before spawn's `uid` and `gid` are taken. Default: the
   * caller's own if they are mapped, else 0, else the first that is mapped.
   */
  uid?: number | undefined;
  gid?: number | undefined;
  /**
   * Ids inside that the command runs with, once everything is set up: spawn's `uid` and `gid`, with
   * supplementary groups, and without losing ambient capabilities. `'self'`: with the caller's own
   * ids. Where they have other numbers inside, the command runs in a second user namespace inside of
   * the first, which gives them back, and has no power over what has been set up.
   */
  runAs?: RunAs | 'self' | undefined;
  /** Capabilities of the command inside. Default: all as root, else none. */
  capabilities?: CapabilityOptions | undefined;
  /**
   * The owner of the namespace, by ids outside. Processes of the owner may enter it, with every privilege
   * there. Needs CAP_SETUID and CAP_SETGID. Default: the caller's.
   */
  owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Forbid user namespaces inside, for good: takes cap_sys_resource as well. Default: false. */
  disableNested?: boolean | undefined;
}

const parseOptions = parse.options({
  map: parse.withDefault(parseMap, 'root'),
  setgroups: parse.oneOf('allow', 'deny'),
  uid: parse.id,
  gid: parse.id,
  runAs: parseRunAs,
  capabilities: parseCommandCapabilities,
  owner: parse.options({ uid: parse.required(parse.id), gid: parse.required(parse.id) }),
  disableNested: parse.withDefault(parse.boolean, false),
} satisfies Members<UserOptions>);

type User = ReturnType<typeof parseOptions>;

/** Returns the capabilities of the command, without the one that could raise the limit again. */
function capabilitiesOf({ capabilities, disableNested }: User): CommandCapabilities | undefined {
  if (!disableNested) return capabilities;
  const all = capabilities ?? parseCommandCapabilities({}, 'user.capabilities');
  return withoutCapability(
    all,
    'cap_sys_resource',
    'user.capabilities',
    'is taken by disableNested',
  );
}

/** Returns the maps and ids of a child whose namespace is made by these ids. */
function planFor(maker: CallerIds, options: User) {
  const maps = mapsOf(options.map, maker, 'user.map');
  const runAs = options.runAs && commandIds(options.runAs, maps, maker, 'user.runAs');
  return { maker, maps, start: startingIds(maps, maker, options, 'user'), runAs };
}

/**
 * Returns the same for a user namespace inside of one that the child joins, with the ids of that one.
 * The caller cannot reach its parent, so the child writes its maps itself.
 */
function planInside(options: User) {
  const { map, owner = { uid: 0, gid: 0 }, setgroups } = options;
  if (map === 'auto' || map === 'subids' || map === 'all') {
    throw new TypeError(`user.map: '${map}' is not for a user namespace inside of a joined one`);
  }
  const plan = planFor(owner, options);
  if (isOwnIds(plan.maps, owner) && setgroups !== 'allow') return plan;
  throw new TypeError(
    `user.map: inside of a joined user namespace, only its owner's own ids can be mapped, ${owner.uid} and ${owner.gid}, and setgroups stays denied`,
  );
}

/**
 * Specifies a new user namespace: the child has every privilege inside, and the namespace owns those that
 * are made with it. With spawn's `uid` and `gid`, the child is set up as root and runs with other ids.
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
export function user(options: UserOptions = {}): NamespaceSpec {
  const parsed = parseOptions(options, 'user');
  const { owner, setgroups, disableNested } = parsed;
  const capabilities = capabilitiesOf(parsed);
  const plan = planFor(owner ?? callerIds(), parsed);
  return {
    type: 'user',
    prepare(child) {
      const isInside = child.joins.has('user');
      const { maker, maps, start, runAs } = isInside ? planInside(parsed) : plan;
      if (owner || isInside) child.ownedBy(maker.uid, maker.gid);
      const byItself = isOwnIds(maps, maker) && setgroups !== 'allow';
      if (!byItself || (owner && !isInside)) writeFromParent(child, maps, setgroups);
      else if (child.joins.size > 0) makeInside(child, 'nested', maps);
      else writeFromChild(child, maps);
      becomeIds(child, start, setgroups);
      if (disableNested) forbidNested(child, runAs?.second ? 1 : 0);
      if (runAs) addCommandIds(child, runAs);
      if (capabilities) addCommandCapabilities(child, capabilities);
    },
  };
}
