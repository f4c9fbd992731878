// Ends processes with a grace: SIGTERM to all, and a wait until they have ended.
import { isSystemError, type Namespace } from '@ns/core';
import { listProcesses, Pidfd, signalAll } from '@ns/pid';

/** Opens a process of a pid namespace, other than its init, that has not ended; undefined without one. */
function openOne(namespace: Namespace): Pidfd | undefined {
  for (const { pid, pids, state } of listProcesses({ in: namespace, descendants: true })) {
    if (pids.at(-1) === 1 || state === 'Z') continue;
    try {
      return Pidfd.open(pid);
    } catch (error) {
      if (!isSystemError(error, 'ESRCH')) throw error;
    }
  }
  return undefined;
}

/**
 * Asks all processes to end, and waits until they have, at most `grace` milliseconds. It waits for one
 * after the other: with a descriptor for each, a sandbox with many could not be stopped.
 */
export async function endProcesses(namespace: Namespace, grace: number): Promise<void> {
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      over = true;
      resolve();
    }, grace);
  });
  try {
    signalAll(namespace, 'SIGTERM');
    // Some may start others while they end.
    while (!over) {
      const left = openOne(namespace);
      if (left === undefined) return;
      try {
        await Promise.race([timeout, left.exited]);
      } finally {
        left.close();
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
