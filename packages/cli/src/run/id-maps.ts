// The id maps of a new user namespace, from the options of unshare(1).
import {
  type IdMap,
  insertId,
  listSubordinateIds,
  type MapInput,
  normalizeIdMap,
  readIdMaps,
} from '@ns/user';
import { type IdKind, idOf, userName } from '../ids.js';
import { type Given, type OptionGroup, UsageError } from '../options.js';

/** The options that say which ids exist inside. All of them make a user namespace. */
export const mapOptions: OptionGroup = {
  title: 'Users and groups (each makes a user namespace)',
  options: {
    'map-root-user': { short: 'r', help: 'the current user is root inside (the default)' },
    'map-current-user': { short: 'c', help: 'the current user keeps its ids' },
    'map-user': { value: 'UID', help: 'the current user has this id inside' },
    'map-group': { value: 'GID', help: 'the current group has this id inside' },
    'map-users': {
      value: 'RANGE',
      help: 'further users: INSIDE:OUTSIDE:COUNT, auto, subids or all; may be repeated',
    },
    'map-groups': { value: 'RANGE', help: 'further groups, likewise' },
    'map-auto': { help: 'the same as --map-users=auto --map-groups=auto' },
    'map-subids': { help: 'the same as --map-users=subids --map-groups=subids' },
    owner: {
      value: 'UID:GID',
      help: 'whose the namespace is to be, and so who the current user is above',
    },
    'keep-caps': { help: 'the command keeps its capabilities although it is not root inside' },
    setgroups: {
      value: 'RULE',
      choices: ['allow', 'deny'],
      help: 'whether setgroups(2) works inside: allow or deny',
    },
  },
};

const names = {
  uid: { one: 'map-user', many: 'map-users' },
  gid: { one: 'map-group', many: 'map-groups' },
} as const;

/** Who makes the namespace, by ids outside. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Who shall own the namespace, if that is said. */
export function ownerOf(given: Given): Owner | undefined {
  const text = given.value('owner');
  if (text === undefined) return undefined;
  const [, uid, gid] = /^([^:]+):([^:]+)$/.exec(text) ?? [];
  if (uid === undefined || gid === undefined) {
    throw new UsageError(`--owner must be UID:GID: '${text}'`);
  }
  return { uid: idOf('uid', uid, 'owner'), gid: idOf('gid', gid, 'owner') };
}

function subordinate(kind: IdKind, option: string, owner: Owner) {
  const ranges = listSubordinateIds(kind, owner.uid);
  if (ranges.length > 0) return ranges;
  throw new UsageError(`--${option}: user ${userName(owner.uid)} has no range in /etc/sub${kind}`);
}

function rangesOf(kind: IdKind, text: string, owner: Owner): IdMap {
  const option = names[kind].many;
  if (text === 'auto') {
    let inside = 0;
    return subordinate(kind, option, owner).map(({ start, count }) => {
      inside += count;
      return { inside: inside - count, outside: start, length: count };
    });
  }
  if (text === 'subids') {
    return subordinate(kind, option, owner).map(({ start, count }) => ({
      inside: start,
      outside: start,
      length: count,
    }));
  }
  if (text === 'all') {
    return readIdMaps()[kind].map(({ inside, length }) => ({ inside, outside: inside, length }));
  }
  // With commas, unshare(1) has the two sides in the other order.
  const [, first, separator, second, count] = /^(\d+)([:,])(\d+)\2(\d+)$/.exec(text) ?? [];
  if (first === undefined) {
    throw new UsageError(
      `--${option} must be INSIDE:OUTSIDE:COUNT, auto, subids or all: '${text}'`,
    );
  }
  const [inside, outside] = separator === ':' ? [first, second] : [second, first];
  return [{ inside: Number(inside), outside: Number(outside), length: Number(count) }];
}

/** What the owner is inside, if that is said. */
function ownId(given: Given, kind: IdKind, owner: Owner): number | undefined {
  const { one } = names[kind];
  const value = given.value(one);
  if (value !== undefined) return idOf(kind, value, one);
  if (given.has('map-root-user')) return 0;
  return given.has('map-current-user') ? owner[kind] : undefined;
}

function mapOf(given: Given, kind: IdKind, owner: Owner): IdMap | undefined {
  const { many } = names[kind];
  const words = ['auto', 'subids'].filter((word) => given.has(`map-${word}`));
  const texts = [...words, ...given.values(many)];
  const ranges = texts.flatMap((text) => rangesOf(kind, text, owner));
  const id = ownId(given, kind, owner);
  if (ranges.length === 0 && id === undefined) return undefined;
  return id === undefined ? normalizeIdMap(ranges) : insertId(ranges, id, owner[kind]);
}

/** The choice of ids that these options make; undefined if none of them is there. */
export function mapChoice(given: Given): MapInput | undefined {
  const owner = ownerOf(given) ?? {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
  };
  const [uid, gid] = [mapOf(given, 'uid', owner), mapOf(given, 'gid', owner)];
  if (!uid && !gid) return undefined;
  return { ...(uid ? { uid } : {}), ...(gid ? { gid } : {}) };
}
