// Limits: by a cgroup where it has the controllers, else by rlimits, and which one it was.
import { dirname } from 'node:path';
import { Cgroup, type CgroupLimits, createJobGroup } from '@ns/cgroup';
import { isSystemError, type ProcessAttributes } from '@ns/core';
import { bytesOf } from './bytes.js';
import type { Identity } from './identity.js';
import { groupName, nameBeginning, removeLeftGroups } from './left-groups.js';
import type { SandboxLimits, SandboxOptions } from './options.js';
import { rlimitShares } from './shares.js';
import { ownProperties } from './validate.js';

/** What keeps a limit. */
export type LimitKeeper = 'cgroup' | 'rlimit';

/**
 * Memory that a limit does not count:
 * - `'tmpfs'`: files in memory, which have limits of their own: see the option `tmp`
 * - `'kernel'`: buffers of pipes and sockets, page tables
 * - `'shared'`, `'memfd'`, `'ipc'`: shared mappings, files of memfd_create(2) and System V objects,
 *   which the filter of system calls refuses otherwise
 */
export type UncountedMemory = 'tmpfs' | 'kernel' | 'shared' | 'memfd' | 'ipc';

/** How a limit is kept. */
export interface KeptLimit {
  readonly keeper: LimitKeeper;
  /** What it holds for: all processes together, those of one user in the sandbox, or each process. */
  readonly scope: 'sandbox' | 'user' | 'process';
  /** Of the limit of memory, if it does not count all of it. */
  readonly uncounted?: readonly UncountedMemory[];
}

/** How each limit that was asked for is kept. */
export type LimitReport = Readonly<Partial<Record<keyof SandboxLimits, KeptLimit>>>;

/** The limits of a sandbox, in force. */
export interface Limited {
  readonly cgroup?: Cgroup;
  readonly rlimits: NonNullable<ProcessAttributes['rlimits']>;
  readonly report: LimitReport;
}

/** A limit that cannot be kept here. */
export class LimitError extends Error {
  static {
    LimitError.prototype.name = 'LimitError';
  }
}

/**
 * Bytes of addresses that a process may have beyond the limit of memory, when rlimits keep that.
 * RLIMIT_DATA limits what a program takes in good faith, but pages that it has made read-only, its
 * stack and mappings of /dev/zero are counted by RLIMIT_AS alone. That counts reservations as well:
 * Node.js starts with 0.8 GiB of them, and Java does not with less than 3 GiB.
 */
const RESERVED = 4 * 1024 ** 3;

const controllers = { memory: 'memory', pids: 'pids', cpus: 'cpu' } as const;
type Grouped = keyof typeof controllers;

function cgroupLimits(limits: SandboxLimits, names: readonly Grouped[]): CgroupLimits {
  const { memory, pids, cpus } = limits;
  const has = (name: Grouped) => names.includes(name);
  return {
    ...(has('memory') && memory !== undefined
      ? { memory: { max: bytesOf(memory), oomGroup: true } }
      : {}),
    // Our init and the command's starter are among them.
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

/** Controllers of the v2 tree. */
function availableControllers(): readonly string[] {
  using root = Cgroup.root();
  return root.controllers;
}

/** A group that keeps these limits, below the caller's or wherever else it may have one. */
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

/** A group with as many of the limits as it can keep; undefined if there can be none. */
async function tryGroup(limits: SandboxLimits, needed: boolean) {
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

function rlimitsOf(limits: SandboxLimits, kept: readonly string[]): Limited['rlimits'] {
  const { memory, pids, cpuTime, files, fileSize } = limits;
  const bytes = memory === undefined || kept.includes('memory') ? undefined : bytesOf(memory);
  return {
    ...rlimitShares(),
    ...(bytes === undefined ? {} : { data: bytes, as: bytes + RESERVED }),
    ...(pids === undefined || kept.includes('pids') ? {} : { nproc: pids + 1 }),
    ...(cpuTime === undefined ? {} : { cpu: cpuTime }),
    ...(files === undefined ? {} : { nofile: files }),
    ...(fileSize === undefined ? {} : { fsize: bytesOf(fileSize) }),
  };
}

function keptBy(
  keeper: LimitKeeper,
  name: string,
  { seccomp = true }: Pick<SandboxOptions, 'seccomp'>,
): KeptLimit {
  if (keeper === 'cgroup') return { keeper, scope: 'sandbox' };
  if (name === 'pids') return { keeper, scope: 'user' };
  if (name !== 'memory') return { keeper, scope: 'process' };
  const refused = seccomp ? [] : (['shared', 'memfd', 'ipc'] as const);
  return { keeper, scope: 'process', uncounted: ['tmpfs', 'kernel', ...refused] };
}

/** Limits that cannot be kept, and why. */
function impossible(limits: SandboxLimits, kept: readonly string[], uid: number) {
  const missing = (name: Grouped) => limits[name] !== undefined && !kept.includes(name);
  return {
    ...(missing('cpus')
      ? { cpus: 'limits.cpus needs a cgroup with the cpu controller, which cannot be had here' }
      : {}),
    ...(missing('pids') && uid === 0
      ? {
          pids: "limits.pids needs a cgroup with the pids controller, or another user: rlimits do not count root's processes",
        }
      : {}),
  };
}

/**
 * Puts limits into force.
 *
 * @throws {LimitError} if one of them cannot be kept
 * @throws {SystemError} if `cgroup: true` cannot be
 */
export async function limit(
  options: SandboxOptions,
  { outside }: Pick<Identity, 'outside'>,
  mayMiss = false,
): Promise<Limited> {
  const { limits = {}, cgroup = 'auto' } = options;
  const made = cgroup === false ? undefined : await tryGroup(limits, cgroup === true);
  const kept: readonly string[] = made?.names ?? [];
  const missed = impossible(limits, kept, outside.uid);
  const [reason] = Object.values(missed);
  if (reason !== undefined && !mayMiss) {
    await made?.group.remove();
    throw new LimitError(reason);
  }
  const report = Object.keys(limits)
    .filter((name) => !Object.hasOwn(missed, name))
    .map((name) => [name, keptBy(kept.includes(name) ? 'cgroup' : 'rlimit', name, options)]);
  return ownProperties({
    ...(made ? { cgroup: made.group } : {}),
    rlimits: rlimitsOf(limits, kept),
    report: Object.fromEntries(report) as LimitReport,
  });
}

/** How the limits would be kept, without making anything. */
export function plannedKeepers(options: SandboxOptions): LimitReport {
  const { limits = {}, cgroup = 'auto' } = options;
  let available: readonly string[] = [];
  try {
    if (cgroup !== false) available = availableControllers();
  } catch (error) {
    if (!isSystemError(error)) throw error; // there is no cgroup that could be used
  }
  const keeper = (name: string): LimitKeeper =>
    Object.hasOwn(controllers, name) && available.includes(controllers[name as Grouped])
      ? 'cgroup'
      : 'rlimit';
  return Object.fromEntries(
    Object.keys(limits).map((name) => [name, keptBy(keeper(name), name, options)]),
  );
}
