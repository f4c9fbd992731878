// Creation of groups, and of the controllers that they need.
import { isSystemError, SystemError } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { trySyscall } from '@ns/core/sys';
import {
  ControlFiles,
  fileError,
  looksLikeFile,
  missing as missingController,
} from './control-files.js';
import { removeDirectory } from './life.js';
import { type CgroupLimits, controllersOf, settingsOf } from './limits.js';
import { applySettings } from './write-settings.js';

const ENOENT = 2;
const EBUSY = 16;
const EEXIST = 17;

/** Options of {@link Cgroup.create} and {@link Cgroup.enable}. */
export interface EnableOptions {
  /**
   * Name of a group below this one to move its processes into before controllers are passed on: the
   * kernel wants processes in the leaves. Default: processes are an error (EBUSY).
   */
  leaf?: string | undefined;
}

/** Parses {@link EnableOptions}. */
export const parseEnable = parse.options({ leaf: parse.text } satisfies Members<EnableOptions>);

function words(text: string): string[] {
  return text.trim() === '' ? [] : text.trim().split(' ');
}

/** Returns the controllers that the group has. */
export function availableControllers(files: ControlFiles): string[] {
  return words(files.read('cgroup.controllers'));
}

/** Returns the controllers that the groups below have. */
export function enabledControllers(files: ControlFiles): string[] {
  return words(files.read('cgroup.subtree_control'));
}

/** Returns true if the mount shows a group above. */
function hasParent(files: ControlFiles, mountPoint: string): boolean {
  return files.path !== mountPoint && files.path.startsWith(`${mountPoint}/`);
}

/** Moves the processes of a group into one below it, so that it may pass controllers on. */
function vacate(files: ControlFiles, leaf: string): void {
  const inner = makeGroup(files, leaf, true);
  try {
    // Processes that are forked meanwhile are read in the next round.
    for (let pids = files.reachableProcesses(); pids.length > 0; ) {
      for (const pid of pids) {
        try {
          inner.write('cgroup.procs', String(pid));
        } catch (error) {
          if (!isSystemError(error, 'ESRCH')) throw error;
        }
      }
      pids = files.reachableProcesses();
    }
  } finally {
    inner.close();
  }
}

/**
 * Returns true if processes of the group are in the way of controllers. The kernel refuses to pass on
 * some controllers beside processes. It passes on the threaded ones (cpu, cpuset, pids, ...), but then
 * the groups below can only have threads of these processes, which takes a threaded group. The root of
 * the machine's tree, which has no type, may have both.
 */
function inTheWay(files: ControlFiles): boolean {
  return files.readIfThere('cgroup.type')?.trim() === 'domain' && files.read('cgroup.procs') !== '';
}

/**
 * Passes controllers on to the groups below. Controllers that the group lacks are passed on by the
 * groups above first.
 */
export function enableControllers(
  files: ControlFiles,
  controllers: readonly string[],
  mountPoint: string,
  leaf?: string,
): void {
  const missing = controllers.filter((name) => !enabledControllers(files).includes(name));
  if (missing.length === 0) return;
  const available = availableControllers(files);
  const fromAbove = missing.filter((name) => !available.includes(name));
  if (fromAbove.length > 0 && hasParent(files, mountPoint)) {
    const path = files.path.slice(0, files.path.lastIndexOf('/'));
    const parent = ControlFiles.open(path, files.fd, '..');
    try {
      enableControllers(parent, fromAbove, mountPoint);
    } finally {
      parent.close();
    }
  }
  const value = missing.map((name) => `+${name}`).join(' ');
  const now = availableControllers(files);
  const absent = missing.find((name) => !now.includes(name));
  if (absent !== undefined) {
    const args = ['cgroup.subtree_control', value];
    throw new SystemError(ENOENT, 'write', args, { hint: missingController(absent) });
  }
  if (inTheWay(files)) {
    if (leaf === undefined) {
      throw fileError(EBUSY, 'write', `${files.path}/cgroup.subtree_control`, value);
    }
    vacate(files, leaf);
  }
  try {
    files.write('cgroup.subtree_control', value);
  } catch (error) {
    // A process has been moved in meanwhile.
    if (!isSystemError(error, 'EBUSY') || leaf === undefined) throw error;
    vacate(files, leaf);
    files.write('cgroup.subtree_control', value);
  }
}

/** Throws unless these can be names of controllers. */
export function assertControllers(names: readonly string[]): void {
  parse.list(parse.text)(names, 'controllers');
  for (const name of names) {
    if (!/^\w+$/.test(name)) parse.refuse('controllers', 'names of controllers', name);
  }
}

/** Throws unless the text can be the name of one directory. */
export function assertDirectoryName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !/^[^/\0\n]+$/.test(name) || name === '.' || name === '..') {
    parse.refuse('name', 'the name of one directory', name);
  }
}

/** Throws unless a new group can have this name. */
export function assertName(name: unknown): asserts name is string {
  assertDirectoryName(name);
  if (looksLikeFile(name)) {
    parse.refuse('name', 'unlike the name of a control file', name);
  }
}

/** Creates a group below another one. */
export function makeGroup(files: ControlFiles, name: string, mayExist = false): ControlFiles {
  assertName(name);
  const result = trySyscall('mkdirat', files.fd, name, 0o755);
  if (result < 0 && !(mayExist && result === -EEXIST)) {
    throw fileError(-result, 'mkdirat', `${files.path}/${name}`);
  }
  return ControlFiles.open(`${files.path}/${name}`, files.fd, name);
}

/** Creates a group with limits. On failure the group is removed. */
export function createGroup(
  files: ControlFiles,
  name: string,
  limits: CgroupLimits,
  mountPoint: string,
  leaf?: string,
): ControlFiles {
  assertName(name);
  const settings = settingsOf(limits);
  const controllers = controllersOf(settings);
  if (controllers.length > 0) enableControllers(files, controllers, mountPoint, leaf);
  const group = makeGroup(files, name);
  try {
    applySettings(group, settings);
    return group;
  } catch (error) {
    removeDirectory(group);
    group.close();
    throw error;
  }
}
