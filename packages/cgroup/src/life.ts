// Operations on a group that take time: to freeze it, to kill its processes, to remove it.
import { isSystemError, SystemError } from '@ns/core';
import { AT, type Members, onAbort, parse, throwIfAborted } from '@ns/core/authors';
import { trySyscall } from '@ns/core/sys';
import { ControlFiles, fileError } from './control-files.js';
import { parseFlat } from './flat-keyed.js';
import { ownDirectory } from './hierarchy.js';
import { watchFile } from './watch-events.js';

const ENOENT = 2;
const ESRCH = 3;
const SIGKILL = 9;

/** Options of functions that wait. */
export interface WaitOptions {
  /** Ends the wait with an AbortError. The operation itself goes on. */
  signal?: AbortSignal | undefined;
}

/** Parses {@link WaitOptions}. */
export const parseWait = parse.options({
  signal: parse.abortSignal,
} satisfies Members<WaitOptions>);

/** The content of cgroup.events. */
export interface CgroupEvents {
  /** True if the group or one below has a process. */
  readonly populated: boolean;
  /** True if all processes are stopped by {@link Cgroup.freeze}. */
  readonly frozen: boolean;
}

/** Reads cgroup.events. */
export function eventsOf(files: ControlFiles): CgroupEvents {
  const { populated, frozen } = parseFlat(files.read('cgroup.events'));
  return { populated: populated === 1, frozen: frozen === 1 };
}

/**
 * Waits for a state of cgroup.events. The file is read before it is watched: to end a watch takes the
 * kernel milliseconds, since it waits for all users of the watch.
 */
export async function until(
  files: ControlFiles,
  reached: (events: CgroupEvents) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
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
      stopListening();
      act();
    };
    const look = () => {
      try {
        if (reached(eventsOf(files))) end(resolve);
      } catch (error) {
        end(() => reject(error));
      }
    };
    let stopListening = () => {};
    const subscription = watchFile(files.fd, 'cgroup.events', look);
    stopListening = onAbort(signal, (error) => end(() => reject(error)));
    look(); // the state may have been reached before the watch
  });
}

/** Throws if the calling process is in the group or below: it would stop or kill itself. */
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
  throwIfAborted(signal);
  if (frozen) assertForeign(files, 'freezing');
  files.write('cgroup.freeze', frozen ? '1' : '0');
  if (!frozen && parentFrozen(files)) return; // it stays frozen while the group above is
  await until(files, (events) => events.frozen === frozen, signal);
}

function parentFrozen(files: ControlFiles): boolean {
  const parent = ControlFiles.open('..', files.fd);
  try {
    // The root lacks the file: it is never frozen.
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

/** Kills the processes before Linux 5.14: while the group is frozen, they cannot fork. */
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

/** Runs an operation on a group, which succeeds if the group has been removed. */
async function unlessGone(files: ControlFiles, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!files.isGone()) throw error;
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

/** Kills all processes in the group and below, and waits until they have ended. */
export async function killAll(files: ControlFiles, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await unlessGone(files, async () => {
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
export async function removeAll(files: ControlFiles, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  await unlessGone(files, () => removeEach(files, signal));
}

async function removeEach(files: ControlFiles, signal?: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await until(files, ({ populated }) => !populated, signal);
    try {
      forEachDeepestFirst(files, removeDirectory);
      return;
    } catch (error) {
      // A process that is being reaped still counts for a moment, or a process has moved in.
      if (!isSystemError(error, 'EBUSY') || attempt >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function isThreaded(files: ControlFiles): boolean {
  return files.readIfThere('cgroup.type')?.trim() === 'threaded';
}

/**
 * Moves the threads of a threaded group, and of those below, to its parent: a thread cannot be killed
 * without its process, which belongs to a group above.
 */
function moveThreadsUp(files: ControlFiles): void {
  forEachDeepestFirst(files, (group) => {
    const parent = ControlFiles.open('..', group.fd);
    try {
      for (const tid of group.read('cgroup.threads').split('\n').filter(Boolean)) {
        try {
          parent.write('cgroup.threads', tid);
        } catch (error) {
          if (!isSystemError(error, 'ESRCH')) throw error; // the thread has ended
        }
      }
    } finally {
      parent.close();
    }
  });
}

/** Empties a created group, and removes it with all below it, as its disposal does. */
export async function endGroup(files: ControlFiles): Promise<void> {
  await unlessGone(files, async () => {
    if (isThreaded(files)) moveThreadsUp(files);
    else await killAll(files);
    await removeEach(files);
  });
}

function killEach(files: ControlFiles): void {
  forEachDeepestFirst(files, (group) => {
    for (const pid of group.reachableProcesses()) trySyscall('kill', pid, SIGKILL);
  });
}

/** Longest time, in milliseconds, that a synchronous removal blocks the thread. */
const REMOVAL_LIMIT = 1000;
const PAUSE = 5;

/**
 * Does the same without the event loop. Blocks the thread for at most a second.
 *
 * @throws {SystemError} EBUSY if the processes have not ended by then
 */
export function removeNow(files: ControlFiles): void {
  const timer = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + REMOVAL_LIMIT;
  try {
    assertForeign(files, 'killing');
    for (;;) {
      if (isThreaded(files)) moveThreadsUp(files);
      else if (!killAtOnce(files)) killEach(files);
      try {
        forEachDeepestFirst(files, removeDirectory);
        return;
      } catch (error) {
        if (!isSystemError(error, 'EBUSY') || performance.now() > deadline) throw error;
        Atomics.wait(timer, 0, 0, PAUSE);
      }
    }
  } catch (error) {
    if (!files.isGone()) throw error;
  }
}
