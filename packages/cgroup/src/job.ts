// A group for a job, in a place of the tree where the caller may create groups.
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { SystemError } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { Cgroup } from './cgroup.js';
import { ownDirectory, unifiedMount } from './hierarchy.js';
import { type CgroupLimits, settingsOf } from './limits.js';
import { openScope, systemdRuns } from './scope.js';

const EACCES = 13;
const LEAF = 'self';

/** Options of {@link createJobGroup}. */
export interface JobOptions {
  /** Beginning of the group's name; numbers follow. Default: `ns`. */
  name?: string | undefined;
  /**
   * Allows to move the calling process, if no other place is found. With `false` the call fails where
   * systemd runs, which owns the groups above. Default: true.
   */
  move?: boolean | undefined;
}

const parseJob = parse.options({
  name: parse.withDefault(parse.text, 'ns'),
  move: parse.withDefault(parse.boolean, true),
} satisfies Members<JobOptions>);

/** A group to create others in; with a leaf if its own processes are in the way of controllers. */
interface Base {
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
    return false; // another user's, or mounted read-only
  }
}

/** Returns true if groups may be created: only the real root may have processes as well. */
function takesGroups(group: Cgroup): boolean {
  return group.listProcesses().length === 0 || group.isRoot;
}

function refused(directory: string): SystemError {
  return new SystemError(EACCES, 'mkdirat', [directory], {
    hint: 'The caller may not create groups in any group above this process. As root, give one to its user (Cgroup.delegate) and start it there; in a container, mount /sys/fs/cgroup read-write.',
  });
}

/** Opens the nearest group above the calling process that takes groups; else its own, with a leaf. */
function nearestBase(move: boolean): Base {
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

/** Opens the scope that systemd has given to this process. */
async function scopeBase(move: boolean): Promise<Base> {
  const { point } = unifiedMount();
  const own = ownDirectory();
  if (scope === undefined || !own?.startsWith(`${scope}/`)) {
    if (!move) throw refused(own ?? point);
    const given = await openScope();
    scope = given.directory;
    return { group: given, leaf: LEAF };
  }
  return { group: Cgroup.open(scope.slice(point.length)), leaf: LEAF };
}

/**
 * Creates a group with limits for a job of the calling process: below the nearest group above it that
 * is writable and has no own processes, or the root. Where systemd runs, the group is below a scope that
 * is requested, and the calling process moves into that scope. `await using` removes the group.
 *
 * Needs no privileges if a group above is delegated to the user, or the user has a systemd session.
 * If only the caller's own group is writable, the processes in it move into a group `self` below it,
 * unless `move` is false.
 *
 * @throws {TypeError | RangeError} for a wrong limit, before any system call
 * @throws {SystemError} EACCES if no such group is found; ENOENT if the machine's v2 tree lacks a
 *   controller; errors of {@link openScope}
 * @example await using job = await createJobGroup({ memory: { max: '256M' } });
 *   await run('make', ['test'], { cgroup: job.fd });
 */
export async function createJobGroup(
  limits: CgroupLimits = {},
  options: JobOptions = {},
): Promise<Cgroup> {
  settingsOf(limits);
  const { name, move } = parseJob(options);
  const { group, leaf } = systemdRuns() ? await scopeBase(move) : nearestBase(move);
  try {
    const making = leaf === undefined ? {} : { leaf };
    return group.create(`${name}-${process.pid}-${++made}`, limits, making);
  } finally {
    group.close();
  }
}
