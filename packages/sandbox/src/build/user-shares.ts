// What the kernel counts for a user, and not for a namespace: signals that wait, queues of messages,
// watches of files. A sandbox gets half of what its caller has, so that it cannot use up all of it.
import { constants, readFileSync } from 'node:fs';
import type { ProcessAttributes } from '@ns/core';
import { AT, type Preparation } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';

const half = (value: number): number => Math.floor(value / 2);

/** Limits of this process that the kernel compares with what all processes of a user have. */
const OF_USERS = { sigpending: 'Max pending signals', msgqueue: 'Max msgqueue size' } as const;

/** The share of a sandbox, as limits of its processes: its user namespace counts them together. */
export function rlimitShares(): NonNullable<ProcessAttributes['rlimits']> {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const shares = Object.entries(OF_USERS).flatMap(([resource, title]) => {
    const [, soft] = new RegExp(`^${title} +(\\d+) `, 'm').exec(limits) ?? [];
    return soft === undefined ? [] : [[resource, half(Number(soft))]];
  });
  return Object.fromEntries(shares);
}

/** Files of /proc/sys: how much a user may have, and how much in a user namespace. */
const WATCHES = [
  ['fs/inotify/max_user_instances', 'user/max_inotify_instances'],
  ['fs/inotify/max_user_watches', 'user/max_inotify_watches'],
] as const;

/** The limit for a user; undefined where the kernel has no such watches. */
function userLimit(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/${name}`, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Sets the share of a sandbox in its new user namespace: the kernel counts watches in each one. */
export function limitWatches(child: Preparation): void {
  const program = child.program('settings');
  const step = 'limiting the watches of its user namespace';
  for (const [ofUser, ofNamespace] of WATCHES) {
    const limit = userLimit(ofUser);
    if (limit === undefined) continue;
    const text = String(half(limit));
    const flags = constants.O_WRONLY | O_CLOEXEC;
    const path = `/proc/sys/${ofNamespace}`;
    const fd = program.call('openat', AT.FDCWD, path, flags, 0, { step });
    program.call('write', fd, text, text.length, { step, expect: text.length });
    program.call('close', fd);
  }
}
