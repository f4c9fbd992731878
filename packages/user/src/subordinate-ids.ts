// Subordinate ids, which a user may map besides its own: from /etc/subuid and /etc/subgid or,
// where the name service has them, from getsubids(1).
import { readFileSync } from 'node:fs';
import { isSystemError, runSync } from '@ns/core';
import { parse } from '@ns/core/authors';

/** User or group ids. */
export type IdKind = 'uid' | 'gid';

/** Ids that a user may map. */
export interface SubordinateRange {
  /** First id. */
  readonly start: number;
  /** Number of ids. */
  readonly count: number;
}

/** A line of /etc/subuid or /etc/subgid. */
export interface SubordinateEntry extends SubordinateRange {
  /** Name or number of the user. */
  readonly user: string;
}

const parseKind = parse.oneOf('uid', 'gid');
const files: Readonly<Record<IdKind, string>> = { uid: '/etc/subuid', gid: '/etc/subgid' };

/** Returns the path of the file of subordinate ids. */
export function subordinateFile(kind: IdKind): string {
  return files[kind];
}

/**
 * Parses the text of /etc/subuid or /etc/subgid. As newuidmap(1) does, lines of another form than
 * `user:start:count` are skipped.
 *
 * @see subuid(5), subgid(5)
 */
export function parseSubordinateIds(text: string): SubordinateEntry[] {
  return text.split('\n').flatMap((line) => {
    const [, user, start, count] = /^([^:#]+):(\d+):(\d+)$/.exec(line.trim()) ?? [];
    return user === undefined ? [] : [{ user, start: Number(start), count: Number(count) }];
  });
}

/** Returns the content of a file; undefined if there is none. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Returns the name of a user in /etc/passwd; undefined if it is not there. */
export function userName(uid: number): string | undefined {
  parse.id(uid, 'uid');
  const lines = contentOf('/etc/passwd')?.split('\n') ?? [];
  return lines.find((line) => line.split(':')[2] === String(uid))?.split(':')[0];
}

/** Returns the source that /etc/nsswitch.conf names for subordinate ids, unless it is the files. */
function nameService(): string | undefined {
  const line = /^\s*subid\s*:\s*(\S+)/m.exec(contentOf('/etc/nsswitch.conf') ?? '')?.[1];
  return line === 'files' ? undefined : line;
}

/** Parses the output of getsubids(1): `0: alice 100000 65536`. */
export function parseGetsubids(text: string): SubordinateRange[] {
  return text.split('\n').flatMap((line) => {
    const [, start, count] = /^\d+:\s+\S+\s+(\d+)\s+(\d+)\s*$/.exec(line) ?? [];
    return start === undefined ? [] : [{ start: Number(start), count: Number(count) }];
  });
}

/** Milliseconds that a name service may take. */
const TIMEOUT = 30_000;

function askNameService(kind: IdKind, user: string): SubordinateRange[] {
  const args = kind === 'gid' ? ['-g', user] : [user];
  try {
    // Without ranges it fails; the answer is then an empty list.
    const { stdout, code } = runSync('getsubids', args, { reject: false, timeout: TIMEOUT });
    if (code === undefined) return parseGetsubids(stdout);
    throw new Error(`cannot ask getsubids for the ids of ${user}: ${code}`);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw new Error(
      `/etc/nsswitch.conf leaves subordinate ids to ${nameService()}, and getsubids, which asks it, is not installed (Debian: package uidmap)`,
      { cause: error },
    );
  }
}

/**
 * Lists the ids that a user may map with newuidmap(1) or newgidmap(1), in the order of the file.
 *
 * Lines name users by name or by number; both are looked at. Where /etc/nsswitch.conf has a `subid`
 * source other than files, getsubids(1) is asked.
 *
 * @param user uid (default: the caller's effective one) or name. Group ids belong to users as well.
 * @see subuid(5), subgid(5), getsubids(1)
 */
export function listSubordinateIds(
  kind: IdKind,
  user: number | string = process.geteuid?.() ?? 0,
): SubordinateRange[] {
  parseKind(kind, 'kind');
  const names = namesOf(user);
  if (nameService() !== undefined) return askNameService(kind, names[0] as string);
  return parseSubordinateIds(contentOf(files[kind]) ?? '')
    .filter((entry) => names.includes(entry.user))
    .map(({ start, count }) => ({ start, count }));
}

/** Returns the name and number of a user, as far as they are known. */
function namesOf(user: number | string): string[] {
  if (typeof user === 'number') {
    const name = userName(user);
    return name === undefined ? [String(user)] : [name, String(user)];
  }
  if (typeof user !== 'string' || user === '' || user.includes('\0') || user.startsWith('-')) {
    parse.refuse('user', 'a uid or a name', user);
  }
  const lines = contentOf('/etc/passwd')?.split('\n') ?? [];
  const uid = lines.find((line) => line.split(':')[0] === user)?.split(':')[2];
  return uid === undefined ? [user] : [user, uid];
}
