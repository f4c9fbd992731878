// Making groups, and having the controllers that they need passed on to them.
import { isSystemError, SystemError } from '@ns/core';
import { trySyscall } from '@ns/core/sys';
import { applySettings } from './apply.js';
import { ControlFiles, fileError, looksLikeFile, missing as missingController } from './files.js';
import { removeDirectory } from './life.js';
import { type CgroupLimits, controllersOf, settingsOf } from './limits.js';

const ENOENT = 2;
const EBUSY = 16;
const EEXIST = 17;

/** Options of {@link Cgroup.create} and {@link Cgroup.enable}. */
export interface EnableOptions {
  /**
   * Name of a group below this one to move its processes into, if controllers are to be passed on
   * and it has processes: the kernel wants them in the leaves. Default: that is an error.
   */
  leaf?: string;
}

function words(text: string): string[] {
  return text.trim() === '' ? [] : text.trim().split(' ');
}

/** Controllers that the group has. */
export function availableControllers(files: ControlFiles): string[] {
  return words(files.read('cgroup.controllers'));
}

/** Controllers that the groups below it have. */
export function enabledControllers(files: ControlFiles): string[] {
  return words(files.read('cgroup.subtree_control'));
}

/** Whether there is a group above, as far as this mount shows. */
function hasParent(files: ControlFiles, mountPoint: string): boolean {
  return files.path !== mountPoint && files.path.startsWith(`${mountPoint}/`);
}

/** Moves the processes of a group into one below it, so that it may pass controllers on. */
function vacate(files: ControlFiles, leaf: string): void {
  const inner = makeGroup(files, leaf, true);
  try {
    // What is forked meanwhile is there at the next look.
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
 * Whether the group has processes that are in the way of controllers. The kernel refuses to pass some on
 * beside processes; the threaded ones (cpu, cpuset, pids, ...) it passes on, but then the groups below
 * can have threads of these processes only. Who wants that makes a threaded group first. The root of
 * the machine's tree, which has no type, may have both.
 */
function inTheWay(files: ControlFiles): boolean {
  return files.readIfThere('cgroup.type')?.trim() === 'domain' && files.read('cgroup.procs') !== '';
}

/**
 * Has controllers passed on to the groups below this one; first, where it lacks them itself, by the
 * groups above.
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
    // One that has come meanwhile.
    if (!isSystemError(error, 'EBUSY') || leaf === undefined) throw error;
    vacate(files, leaf);
    files.write('cgroup.subtree_control', value);
  }
}

/** Throws unless these can be names of controllers. */
export function assertControllers(names: readonly string[]): void {
  for (const name of names) {
    if (!/^\w+$/.test(name)) throw new TypeError(`not a controller's name: ${name}`);
  }
}

/** Throws unless the text can be the name of one directory. */
export function assertDirectoryName(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw new TypeError(`name must be a string: ${String(name)}`);
  if (!/^[^/\0\n]+$/.test(name) || name === '.' || name === '..') {
    throw new TypeError(`name must be the name of one directory: ${JSON.stringify(name)}`);
  }
}

/** Throws unless a new group can have this name. */
export function assertName(name: unknown): asserts name is string {
  assertDirectoryName(name);
  if (looksLikeFile(name)) {
    throw new TypeError(`name must not begin like a control file: ${name}`);
  }
}

/** Makes a group below another one. */
export function makeGroup(files: ControlFiles, name: string, mayExist = false): ControlFiles {
  assertName(name);
  const result = trySyscall('mkdirat', files.fd, name, 0o755);
  if (result < 0 && !(mayExist && result === -EEXIST)) {
    throw fileError(-result, 'mkdirat', `${files.path}/${name}`);
  }
  return ControlFiles.open(`${files.path}/${name}`, files.fd, name);
}

/** Makes a group with limits, or nothing. */
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
