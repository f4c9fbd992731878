// Limits: by a cgroup where it has the controllers, else by rlimits, and which one it was.
import { dirname } from 'node:path';
import { Cgroup, type CgroupLimits, cgroupForJob } from '@ns/cgroup';
import { isSystemError, type ProcessAttributes } from '@ns/core';
import type { Identity } from './identity.js';
import { groupName, nameBeginning, removeLeftGroups } from './left-groups.js';
import type { Bytes, SandboxLimits, SandboxOptions } from './options.js';

/** How a limit is kept. */
export type LimitKeeper = 'cgroup' | 'rlimit';
/** How each limit that was asked for is kept. */
export type LimitReport = Readonly<Partial<Record<keyof SandboxLimits, LimitKeeper>>>;

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
 * One byte: too little for a file, and the one value that also keeps a core from the program that
 * /proc/sys/kernel/core_pattern names: with 0 it would run on the host, as root. See core(5).
 */
const NO_CORE = 1;

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A number of bytes. */
export function bytesOf(size: Bytes): number {
  if (typeof size === 'number') return size;
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(size) ?? [];
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
}

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
    const group = await cgroupForJob(limits, { name: nameBeginning(), move });
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
  return {
    core: NO_CORE,
    ...(memory === undefined || kept.includes('memory') ? {} : { data: bytesOf(memory) }),
    ...(pids === undefined || kept.includes('pids') ? {} : { nproc: pids + 1 }),
    ...(cpuTime === undefined ? {} : { cpu: cpuTime }),
    ...(files === undefined ? {} : { nofile: files }),
    ...(fileSize === undefined ? {} : { fsize: bytesOf(fileSize) }),
  };
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
  { limits = {}, cgroup = 'auto' }: SandboxOptions,
  { outside }: Pick<Identity, 'outside'>,
  mayMiss = false,
): Promise<Limited> {
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
    .map((name) => [name, kept.includes(name) ? 'cgroup' : 'rlimit']);
  return {
    ...(made ? { cgroup: made.group } : {}),
    rlimits: rlimitsOf(limits, kept),
    report: Object.fromEntries(report) as LimitReport,
  };
}

/** How the limits would be kept, without making anything. */
export function plannedKeepers({ limits = {}, cgroup = 'auto' }: SandboxOptions): LimitReport {
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
  return Object.fromEntries(Object.keys(limits).map((name) => [name, keeper(name)]));
}
