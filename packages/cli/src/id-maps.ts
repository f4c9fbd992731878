// The id maps of a new user namespace, from the options of unshare(1).
import {
  type IdMap,
  insertId,
  type MapChoice,
  normalizeIdMap,
  readIdMaps,
  subordinateIds,
} from '@ns/user';
import { type IdKind, idOf } from './ids.js';
import { type Given, type OptionGroup, UsageError } from './options.js';

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
    'keep-caps': { help: 'the command keeps its capabilities although it is not root inside' },
    setgroups: { value: 'RULE', help: 'whether setgroups(2) works inside: allow or deny' },
  },
};

const names = {
  uid: { one: 'map-user', many: 'map-users', own: () => process.geteuid?.() ?? 0 },
  gid: { one: 'map-group', many: 'map-groups', own: () => process.getegid?.() ?? 0 },
} as const;

function subordinate(kind: IdKind, option: string) {
  const ranges = subordinateIds(kind, process.geteuid?.() ?? 0);
  if (ranges.length > 0) return ranges;
  throw new UsageError(`--${option}: the current user has no range in /etc/sub${kind}`);
}

function rangesOf(kind: IdKind, text: string): IdMap {
  const option = names[kind].many;
  if (text === 'auto') {
    let inside = 0;
    return subordinate(kind, option).map(({ start, count }) => {
      inside += count;
      return { inside: inside - count, outside: start, length: count };
    });
  }
  if (text === 'subids') {
    return subordinate(kind, option).map(({ start, count }) => ({
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

/** What the current user is inside, if that is said. */
function ownId(given: Given, kind: IdKind): number | undefined {
  const { one, own } = names[kind];
  const value = given.value(one);
  if (value !== undefined) return idOf(kind, value, one);
  if (given.has('map-root-user')) return 0;
  return given.has('map-current-user') ? own() : undefined;
}

function mapOf(given: Given, kind: IdKind): IdMap | undefined {
  const { many, own } = names[kind];
  const texts = given.has('map-auto') ? ['auto', ...given.values(many)] : given.values(many);
  const ranges = texts.flatMap((text) => rangesOf(kind, text));
  const id = ownId(given, kind);
  if (ranges.length === 0 && id === undefined) return undefined;
  return id === undefined ? normalizeIdMap(ranges) : insertId(ranges, id, own());
}

/** The choice of ids that these options make; undefined if none of them is there. */
export function mapChoice(given: Given): MapChoice | undefined {
  const [uid, gid] = [mapOf(given, 'uid'), mapOf(given, 'gid')];
  if (!uid && !gid) return undefined;
  return { ...(uid ? { uid } : {}), ...(gid ? { gid } : {}) };
}
