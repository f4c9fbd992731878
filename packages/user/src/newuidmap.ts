// newuidmap(1) and newgidmap(1): the set-user-ID programs that write maps of subordinate ids for
// ordinary users. Maps that they would refuse without a reason are refused here, with the cure.
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isRunError, runSync } from '@ns/core';
import { trySyscall } from '@ns/core/sys';
import type { IdMap, IdRange } from './id-map.js';
import { callerIds } from './resolve-maps.js';
import {
  type IdKind,
  listSubordinateIds,
  type SubordinateRange,
  subordinateFile,
  userName,
} from './subordinate-ids.js';

const helpers = { uid: 'newuidmap', gid: 'newgidmap' } as const;
const S_ISUID = 0o4000;
/** Milliseconds that a helper may take: it may ask a name service. */
const TIMEOUT = 30_000;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Returns the path of a helper. Entries of PATH that are relative to the working directory are left
 * out, because others may write there.
 */
function helperPath(kind: IdKind): string {
  const name = helpers[kind];
  const directories = (process.env.PATH ?? '/usr/bin:/bin')
    .split(':')
    .filter((entry) => isAbsolute(entry));
  const path = directories.map((directory) => join(directory, name)).find(isExecutable);
  if (path === undefined) {
    throw new Error(
      `cannot map other ${kind}s than the caller's own: that needs root or ${name}, which is not installed (Debian: package uidmap)`,
    );
  }
  return path;
}

/** Returns the reason why exec of a helper gains no privilege: no_new_privs, or no set-user-ID bit. */
function obstacle(path: string): string | undefined {
  const { mode, uid } = statSync(path);
  const setuid = (mode & S_ISUID) !== 0 && uid === 0;
  const capable = trySyscall('getxattr', path, 'security.capability', null, 0) > 0;
  if (!setuid && !capable) {
    return `${path} has neither the set-user-ID bit of root nor file capabilities: chmod u+s ${path}, or install it anew (Debian: package uidmap)`;
  }
  if (/^NoNewPrivs:\s*1$/m.test(readFileSync('/proc/thread-self/status', 'utf8'))) {
    return `${path} gains no privileges, because no_new_privs is set on this process`;
  }
  return undefined;
}

const covers = (ranges: readonly SubordinateRange[], { outside, length }: IdRange) =>
  ranges.some(({ start, count }) => start <= outside && outside + length <= start + count);

/** Throws, with the reason and the cure, if the helper would refuse this map. */
export function checkHelper(kind: IdKind, map: IdMap): void {
  const reason = obstacle(helperPath(kind));
  if (reason !== undefined) throw new Error(reason);
  const caller = callerIds();
  const own = caller[kind];
  const others = map.filter(({ outside, length }) => outside !== own || length !== 1);
  const allowed = listSubordinateIds(kind, caller.uid);
  for (const range of others) {
    if (covers(allowed, range)) continue;
    const last = range.outside + range.length - 1;
    const login = userName(caller.uid) ?? String(caller.uid);
    const has =
      allowed.map(({ start, count }) => `${start} to ${start + count - 1}`).join(', ') || 'nothing';
    throw new Error(
      `${kind}s ${range.outside} to ${last} are not user ${login}'s to map: ${subordinateFile(kind)} gives it ${has}`,
    );
  }
}

/** Writes the map of a process by the helper. */
export function writeWithHelper(kind: IdKind, pid: number, map: IdMap): void {
  const name = helpers[kind];
  const numbers = map.flatMap(({ inside, outside, length }) => [inside, outside, length]);
  try {
    runSync(helperPath(kind), [pid, ...numbers].map(String), {
      env: { LC_ALL: 'C' },
      timeout: TIMEOUT,
    });
  } catch (error) {
    if (!isRunError(error)) throw error;
    throw new Error(`${name} did not write the map: ${error.code ?? error.stderr.trim()}`, {
      cause: error,
    });
  }
}
