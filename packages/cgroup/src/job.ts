// A group for a job, wherever on this machine the caller may have one.
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { SystemError } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { Cgroup } from './cgroup.js';
import { ownDirectory, unifiedMount } from './hierarchy.js';
import { type CgroupLimits, settingsOf } from './limits.js';
import { cgroupInScope, systemdRuns } from './scope.js';

const EACCES = 13;
const LEAF = 'self';

/** Options of {@link cgroupForJob}. */
export interface JobOptions {
  /** Beginning of the group's name; numbers follow. Default: `ns`. */
  name?: string;
  /**
   * Whether the calling process may be moved, if there is no place without. Default: true. With
   * `false` there is none where systemd runs: it owns the groups above.
   */
  move?: boolean;
}

/** A place for groups; with a leaf if its own processes are in the way of controllers. */
interface Place {
  readonly group: Cgroup;
  readonly leaf?: string;
}

let made = 0;
let scope: string | undefined;

function writable(directory: string): boolean {
  try {
    for (const file of ['', '/cgroup.procs', '/cgroup.subtree_control']) {
      accessSync(directory + file, constants.W_OK);
    }
    return true;
  } catch {
    return false; // somebody else's, or mounted read-only
  }
}

/** Only the real root may have processes and pass controllers on. It has no type. */
function takesGroups(group: Cgroup): boolean {
  return group.processes().length === 0 || group.isRoot;
}

function refused(directory: string): SystemError {
  return new SystemError(EACCES, 'mkdirat', [directory], {
    hint: 'No group above this process is its own to make groups in. As root, give one to its user (Cgroup.delegate) and start it there; in a container, mount /sys/fs/cgroup read-write.',
  });
}

/** The nearest group above the calling process that takes groups; else its own, with a leaf. */
function nearestPlace(move: boolean): Place {
  const { point } = unifiedMount();
  const own = ownDirectory();
  if (own === undefined) throw refused(point);
  for (let directory = own; ; directory = dirname(directory)) {
    if (!writable(directory)) break;
    const group = Cgroup.open(directory.slice(point.length) || '/');
    if (takesGroups(group)) return { group };
    group.close();
    if (directory === point) break;
  }
  if (!move || !writable(own)) throw refused(own);
  return { group: Cgroup.open(own.slice(point.length) || '/'), leaf: LEAF };
}

/** With systemd: below the scope that this process has been given for it. */
async function scopePlace(move: boolean): Promise<Place> {
  const { point } = unifiedMount();
  const own = ownDirectory();
  if (scope === undefined || !own?.startsWith(`${scope}/`)) {
    if (!move) throw refused(own ?? point);
    const given = await cgroupInScope();
    scope = given.directory;
    return { group: given, leaf: LEAF };
  }
  return { group: Cgroup.open(scope.slice(point.length)), leaf: LEAF };
}

/**
 * Makes a group with limits for a job of the calling process, where the caller may: below the
 * nearest group above it that is writable and has no processes of its own, or the root; where systemd
 * runs, below a scope that it is asked for (and that the calling process then moves into). To be
 * ended with `await using`, or {@link Cgroup.remove}.
 *
 * Needs no privileges if a group above is delegated to the user, or the user has a systemd session.
 * If only the caller's own group is writable, the processes in it move into a group `self` below it,
 * unless `move` is false.
 *
 * @throws {TypeError | RangeError} for a wrong limit, before anything is made
 * @throws {SystemError} EACCES if there is no such place; ENOENT if the machine's v2 tree lacks a
 *   controller; what {@link cgroupInScope} throws
 * @example await using job = await cgroupForJob({ memory: { max: '256M' } });
 *   await run('make', ['test'], { cgroup: job.fd });
 */
export async function cgroupForJob(
  limits: CgroupLimits = {},
  options: JobOptions = {},
): Promise<Cgroup> {
  settingsOf(limits);
  assertKeys(options, ['name', 'move'], 'options');
  const { name = 'ns', move = true } = ownOptions(options);
  const { group, leaf } = systemdRuns() ? await scopePlace(move) : nearestPlace(move);
  try {
    const making = leaf === undefined ? {} : { leaf };
    return group.create(`${name}-${process.pid}-${++made}`, limits, making);
  } finally {
    group.close();
  }
}
