// What takes a group some time: freezing, ending and removing it.
import { constants } from 'node:fs';
import { isSystemError, SystemError } from '@ns/core';
import { AT } from '@ns/core/authors';
import { closeFd, trySyscall } from '@ns/core/sys';
import { ControlFiles, fileError } from './files.js';
import { parseFlat } from './flat.js';
import { ownDirectory } from './hierarchy.js';
import { watchFile } from './watch.js';

const ENOENT = 2;
const ESRCH = 3;
const ENODEV = 19;
const SIGKILL = 9;

/** Options of what is waited for. */
export interface WaitOptions {
  /** Gives the wait up; what was begun goes on. */
  signal?: AbortSignal;
}

/** What cgroup.events tells. */
export interface CgroupEvents {
  /** Whether there is a process in the group or below it. */
  readonly populated: boolean;
  /** Whether all its processes are stopped by {@link Cgroup.freeze}. */
  readonly frozen: boolean;
}

/** Reads cgroup.events. */
export function eventsOf(files: ControlFiles): CgroupEvents {
  const { populated, frozen } = parseFlat(files.read('cgroup.events'));
  return { populated: populated === 1, frozen: frozen === 1 };
}

/**
 * Waits until cgroup.events says so. It is looked at before it is watched: the end of a watch blocks
 * for milliseconds, because the kernel lets all who might still use it come to their end.
 */
export async function until(
  files: ControlFiles,
  reached: (events: CgroupEvents) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  if (!reached(eventsOf(files))) await watchUntil(files, reached, signal);
}

function watchUntil(
  files: ControlFiles,
  reached: (events: CgroupEvents) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      subscription.close();
      signal?.removeEventListener('abort', abort);
      act();
    };
    const abort = () => end(() => reject(signal?.reason));
    const look = () => {
      try {
        if (reached(eventsOf(files))) end(resolve);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const subscription = watchFile(files.fd, 'cgroup.events', look);
    signal?.addEventListener('abort', abort, { once: true });
    look(); // it may be so by now
  });
}

/** Throws if the calling process is in the group or below: it would be gone before it knew. */
function assertForeign(files: ControlFiles, what: string): void {
  const own = ownDirectory();
  if (own !== files.path && !own?.startsWith(`${files.path}/`)) return;
  throw new Error(`the calling process is in the cgroup ${files.path}: ${what} would hit it`);
}

/** Stops all processes of the group and below, or lets them go on. */
export async function setFrozen(
  files: ControlFiles,
  frozen: boolean,
  signal?: AbortSignal,
): Promise<void> {
  if (frozen) assertForeign(files, 'freezing');
  files.write('cgroup.freeze', frozen ? '1' : '0');
  if (!frozen && parentFrozen(files)) return; // it stays frozen as long as the one above
  await until(files, (events) => events.frozen === frozen, signal);
}

function parentFrozen(files: ControlFiles): boolean {
  const parent = ControlFiles.open('..', files.fd);
  try {
    // The root has no such file: it is never frozen.
    const text = parent.readIfThere('cgroup.events');
    return text !== undefined && parseFlat(text).frozen === 1;
  } finally {
    parent.close();
  }
}

function below(files: ControlFiles): ControlFiles[] {
  return files.groups().flatMap((name) => {
    try {
      return [ControlFiles.open(`${files.path}/${name}`, files.fd, name)];
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return []; // removed meanwhile
      throw error;
    }
  });
}

/** Calls a function for all groups below, the deepest first, and then for the group itself. */
export function forEachDeepestFirst(files: ControlFiles, act: (files: ControlFiles) => void): void {
  for (const group of below(files)) {
    try {
      forEachDeepestFirst(group, act);
    } finally {
      group.close();
    }
  }
  act(files);
}

/** Before Linux 5.14: while the group is frozen, nothing can fork away. */
export async function killOneByOne(files: ControlFiles): Promise<void> {
  await setFrozen(files, true);
  try {
    forEachDeepestFirst(files, (group) => {
      for (const pid of group.reachableProcesses()) {
        const result = trySyscall('kill', pid, SIGKILL);
        if (result < 0 && result !== -ESRCH) throw new SystemError(-result, 'kill', [pid, SIGKILL]);
      }
    });
  } finally {
    await setFrozen(files, false);
  }
}

/** Whether the group has been removed, as systemd does with a scope after its last process. */
function isGone(files: ControlFiles): boolean {
  const fd = files.tryOpenFile('cgroup.procs', constants.O_RDONLY);
  if (fd >= 0) closeFd(fd);
  return fd === -ENOENT || fd === -ENODEV;
}

/** Does something with a group; that the group is gone, then or before, is no error. */
async function unlessGone(files: ControlFiles, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!isGone(files)) throw error;
  }
}

function killAtOnce(files: ControlFiles): boolean {
  try {
    files.write('cgroup.kill', '1');
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Kills everything in the group and below, and waits until it has ended. */
export function killAll(files: ControlFiles, signal?: AbortSignal): Promise<void> {
  return unlessGone(files, async () => {
    assertForeign(files, 'killing');
    if (!killAtOnce(files)) await killOneByOne(files);
    await until(files, ({ populated }) => !populated, signal);
  });
}

/** Removes one group, which must be empty. */
export function removeDirectory(files: ControlFiles): void {
  const parent = ControlFiles.open('..', files.fd);
  try {
    const name = files.path.slice(files.path.lastIndexOf('/') + 1);
    const result = trySyscall('unlinkat', parent.fd, name, AT.REMOVEDIR);
    if (result < 0 && result !== -ENOENT) throw fileError(-result, 'unlinkat', files.path);
  } finally {
    parent.close();
  }
}

/** Waits for the last process, then removes the group with all groups below it. */
export function removeAll(files: ControlFiles, signal?: AbortSignal): Promise<void> {
  return unlessGone(files, () => removeEach(files, signal));
}

async function removeEach(files: ControlFiles, signal?: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await until(files, ({ populated }) => !populated, signal);
    try {
      forEachDeepestFirst(files, removeDirectory);
      return;
    } catch (error) {
      // A process that is being reaped still counts for a moment, or one has moved in.
      if (!isSystemError(error, 'EBUSY') || attempt >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
