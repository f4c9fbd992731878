// Limits: kept by a cgroup where it has the controllers, else by rlimits, with a report of which.
import { dirname } from 'node:path';
import { Cgroup, type CgroupLimits, createJobGroup } from '@ns/cgroup';
import { isSystemError, type ProcessAttributes } from '@ns/core';
import { nameErrorClass } from '@ns/core/authors';
import { groupName, nameBeginning, removeLeftGroups } from '../cleanup/stale-cgroups.js';
import type { Settings } from '../options/members.js';
import { own } from '../options/own.js';
import type { SandboxLimits } from '../options/types.js';
import type { Identity } from './identity.js';
import { rlimitShares } from './user-shares.js';

/** The kernel's means that keeps a limit. */
export type LimitKeeper = 'cgroup' | 'rlimit';

/**
 * Memory that a limit does not count:
 * - `'tmpfs'`: files in memory, which have limits of their own: see the option `tmp`
 * - `'kernel'`: buffers of pipes and sockets, page tables
 * - `'shared'`, `'memfd'`, `'ipc'`: shared mappings, files of memfd_create(2) and System V objects,
 *   which the filter of system calls refuses otherwise
 */
export type UncountedMemory = 'tmpfs' | 'kernel' | 'shared' | 'memfd' | 'ipc';

/** The keeper and scope of a limit. */
export interface KeptLimit {
  readonly keeper: LimitKeeper;
  /** The processes that are counted together: all, those of one user in the sandbox, or each by itself. */
  readonly scope: 'sandbox' | 'user' | 'process';
  /** Memory that the limit of memory does not count. */
  readonly uncounted?: readonly UncountedMemory[] | undefined;
}

/** The keeper of each limit that was asked for. */
export type LimitReport = Readonly<Partial<Record<keyof SandboxLimits, KeptLimit>>>;

/** The limits of a sandbox, in force. */
export interface Limits {
  readonly cgroup: Cgroup | undefined;
  readonly rlimits: NonNullable<ProcessAttributes['rlimits']>;
  readonly report: LimitReport;
}

/** A limit that cannot be kept here. */
export class LimitError extends Error {}

nameErrorClass(LimitError, 'LimitError');

/**
 * Bytes of addresses that a process may have beyond the limit of memory, when rlimits keep that.
 * RLIMIT_DATA limits what a program takes in good faith, but pages that it has made read-only, its
 * stack and mappings of /dev/zero are counted by RLIMIT_AS alone. That counts reservations as well:
 * Node.js starts with 0.8 GiB of them, and Java does not with less than 3 GiB.
 */
const RESERVED = 4 * 1024 ** 3;

type LimitSettings = Settings['limits'];

const controllers = { memory: 'memory', pids: 'pids', cpus: 'cpu' } as const;
type Grouped = keyof typeof controllers;

function cgroupLimits(limits: LimitSettings, names: readonly Grouped[]): CgroupLimits {
  const { memory, pids, cpus } = limits;
  const has = (name: Grouped) => names.includes(name);
  return {
    ...(has('memory') && memory !== undefined ? { memory: { max: memory, oomGroup: true } } : {}),
    // PID 1 and the process that starts the command are among them.
    ...(has('pids') && pids !== undefined ? { pids: { max: pids + 1 } } : {}),
    ...(has('cpus') && cpus !== undefined ? { cpu: { max: cpus } } : {}),
  };
}

function makeGroup(limits: CgroupLimits): Cgroup {
  const parent = Cgroup.of('self');
  try {
    removeLeftGroups(parent.directory);
    return parent.create(groupName(), limits);
  } finally {
    parent.close();
  }
}

/** Returns the controllers of the v2 tree. */
function availableControllers(): readonly string[] {
  using root = Cgroup.root();
  return root.controllers;
}

/** Creates a group that keeps these limits, below the caller's or at another permitted place. */
async function groupWith(limits: CgroupLimits, move: boolean): Promise<Cgroup> {
  try {
    return makeGroup(limits);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // Mostly because the caller's own group has processes, so that it can pass no controllers on.
    const group = await createJobGroup(limits, { name: nameBeginning(), move });
    removeLeftGroups(dirname(group.directory));
    return group;
  }
}

/** Creates a group with as many of the limits as it can keep; undefined if groups are refused. */
async function tryGroup(limits: LimitSettings, needed: boolean) {
  try {
    const available = availableControllers();
    const names = (Object.keys(controllers) as Grouped[]).filter(
      (name) => limits[name] !== undefined && available.includes(controllers[name]),
    );
    try {
      return { group: await groupWith(cgroupLimits(limits, names), needed), names };
    } catch (error) {
      if (names.length === 0 || !isSystemError(error)) throw error;
      return { group: makeGroup({}), names: [] };
    }
  } catch (error) {
    if (needed || !isSystemError(error)) throw error;
    return undefined;
  }
}

function rlimitsOf(limits: LimitSettings, kept: readonly string[]): Limits['rlimits'] {
  const { memory, pids, cpuTime, files, fileSize } = limits;
  const bytes = memory === undefined || kept.includes('memory') ? undefined : memory;
  return {
    ...rlimitShares(),
    ...(bytes === undefined ? {} : { data: bytes, as: bytes + RESERVED }),
    ...(pids === undefined || kept.includes('pids') ? {} : { nproc: pids + 1 }),
    ...(cpuTime === undefined ? {} : { cpu: cpuTime }),
    ...(files === undefined ? {} : { nofile: files }),
    ...(fileSize === undefined ? {} : { fsize: fileSize }),
  };
}

function keptBy(
  keeper: LimitKeeper,
  name: string,
  { seccomp }: Pick<Settings, 'seccomp'>,
): KeptLimit {
  if (keeper === 'cgroup') return { keeper, scope: 'sandbox' };
  if (name === 'pids') return { keeper, scope: 'user' };
  if (name !== 'memory') return { keeper, scope: 'process' };
  const refused = seccomp ? [] : (['shared', 'memfd', 'ipc'] as const);
  return { keeper, scope: 'process', uncounted: ['tmpfs', 'kernel', ...refused] };
}

/** Returns the limits that cannot be kept, with reasons. */
function impossible(limits: LimitSettings, kept: readonly string[], uid: number) {
  const isMissing = (name: Grouped) => limits[name] !== undefined && !kept.includes(name);
  return {
    ...(isMissing('cpus')
      ? { cpus: 'limits.cpus needs a cgroup with the cpu controller, which cannot be had here' }
      : {}),
    ...(isMissing('pids') && uid === 0
      ? {
          pids: "limits.pids needs a cgroup with the pids controller, or another user: rlimits do not count root's processes",
        }
      : {}),
  };
}

const namesOf = (limits: LimitSettings) =>
  Object.entries(limits).flatMap(([name, value]) => (value === undefined ? [] : [name]));

/**
 * Puts limits into force.
 *
 * @throws {LimitError} for a limit that cannot be kept
 * @throws {SystemError} if `cgroup: true` is refused
 */
export async function limit(
  settings: Pick<Settings, 'limits' | 'cgroup' | 'seccomp'>,
  { outside }: Pick<Identity, 'outside'>,
  mayMiss = false,
): Promise<Limits> {
  const { limits, cgroup } = settings;
  const made = cgroup === false ? undefined : await tryGroup(limits, cgroup === true);
  const kept: readonly string[] = made?.names ?? [];
  const missed = impossible(limits, kept, outside.uid);
  const [reason] = Object.values(missed);
  if (reason !== undefined && !mayMiss) {
    await made?.group.remove();
    throw new LimitError(reason);
  }
  const report = namesOf(limits)
    .filter((name) => !Object.hasOwn(missed, name))
    .map((name) => [name, keptBy(kept.includes(name) ? 'cgroup' : 'rlimit', name, settings)]);
  return {
    cgroup: made?.group,
    rlimits: own(rlimitsOf(limits, kept)),
    report: Object.fromEntries(report) as LimitReport,
  };
}

/** Returns the keepers that limits would have, without creating a cgroup. */
export function plannedKeepers(
  settings: Pick<Settings, 'limits' | 'cgroup' | 'seccomp'>,
): LimitReport {
  const { limits, cgroup } = settings;
  let available: readonly string[] = [];
  try {
    if (cgroup !== false) available = availableControllers();
  } catch (error) {
    if (!isSystemError(error)) throw error; // the caller cannot use a cgroup
  }
  const keeper = (name: string): LimitKeeper =>
    Object.hasOwn(controllers, name) && available.includes(controllers[name as Grouped])
      ? 'cgroup'
      : 'rlimit';
  return Object.fromEntries(
    namesOf(limits).map((name) => [name, keptBy(keeper(name), name, settings)]),
  );
}
