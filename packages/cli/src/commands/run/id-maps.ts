// Id maps of a new user namespace, from the options of unshare(1).
import {
  type IdMap,
  insertId,
  listSubordinateIds,
  type MapInput,
  normalizeIdMap,
  readIdMaps,
} from '@ns/user';
import { type IdKind, parseId, userName } from '../../arguments/ids.js';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionGroup } from '../../framework/option-table.js';
import { UsageError } from '../../framework/usage-error.js';

/** The options about ids inside. Each creates a user namespace. */
export const mapOptions: OptionGroup = {
  title: 'Users and groups (each creates a user namespace)',
  options: {
    'map-root-user': { short: 'r', help: 'map the current user to root (default)' },
    'map-current-user': { short: 'c', help: 'map the current user to its own ids' },
    'map-user': { value: 'UID', help: 'map the current user to this id' },
    'map-group': { value: 'GID', help: 'map the current group to this id' },
    'map-users': {
      value: 'RANGE',
      help: 'map further users: INSIDE:OUTSIDE:COUNT, auto, subids or all (repeatable)',
    },
    'map-groups': { value: 'RANGE', help: 'map further groups (repeatable)' },
    'map-auto': { help: 'the same as --map-users=auto --map-groups=auto' },
    'map-subids': { help: 'the same as --map-users=subids --map-groups=subids' },
    owner: {
      value: 'UID:GID',
      help: 'owner of the namespace, which is the current user of the options above',
    },
    'keep-caps': { help: 'keep the capabilities of a command that is not root inside' },
    setgroups: {
      value: 'RULE',
      choices: ['allow', 'deny'],
      help: 'setgroups(2) inside: allow or deny',
    },
  },
};

const names = {
  uid: { one: 'map-user', many: 'map-users' },
  gid: { one: 'map-group', many: 'map-groups' },
} as const;

/** The owner of the namespace, by ids outside. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Returns the owner that --owner names. */
export function ownerOf(commandLine: CommandLine): Owner | undefined {
  const text = commandLine.value('owner');
  if (text === undefined) return undefined;
  const [, uid, gid] = /^([^:]+):([^:]+)$/.exec(text) ?? [];
  if (uid === undefined || gid === undefined) {
    throw new UsageError(`--owner must be UID:GID, got '${text}'`);
  }
  return { uid: parseId('uid', uid, 'owner'), gid: parseId('gid', gid, 'owner') };
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
  // With commas, unshare(1) takes the two sides in the other order.
  const [, first, separator, second, count] = /^(\d+)([:,])(\d+)\2(\d+)$/.exec(text) ?? [];
  if (first === undefined) {
    throw new UsageError(
      `--${option} must be INSIDE:OUTSIDE:COUNT, auto, subids or all, got '${text}'`,
    );
  }
  const [inside, outside] = separator === ':' ? [first, second] : [second, first];
  return [{ inside: Number(inside), outside: Number(outside), length: Number(count) }];
}

/** Returns the id of the owner inside. */
function ownerInside(commandLine: CommandLine, kind: IdKind, owner: Owner): number | undefined {
  const { one } = names[kind];
  const value = commandLine.value(one);
  if (value !== undefined) return parseId(kind, value, one);
  if (commandLine.has('map-root-user')) return 0;
  return commandLine.has('map-current-user') ? owner[kind] : undefined;
}

function mapOf(commandLine: CommandLine, kind: IdKind, owner: Owner): IdMap | undefined {
  const { many } = names[kind];
  const words = ['auto', 'subids'].filter((word) => commandLine.has(`map-${word}`));
  const texts = [...words, ...commandLine.values(many)];
  const ranges = texts.flatMap((text) => rangesOf(kind, text, owner));
  const id = ownerInside(commandLine, kind, owner);
  if (ranges.length === 0 && id === undefined) return undefined;
  return id === undefined ? normalizeIdMap(ranges) : insertId(ranges, id, owner[kind]);
}

/** Returns the id maps of these options; undefined without any of them. */
export function mapsOf(commandLine: CommandLine): MapInput | undefined {
  const owner = ownerOf(commandLine) ?? {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
  };
  const [uid, gid] = [mapOf(commandLine, 'uid', owner), mapOf(commandLine, 'gid', owner)];
  if (!uid && !gid) return undefined;
  return { ...(uid ? { uid } : {}), ...(gid ? { gid } : {}) };
}
