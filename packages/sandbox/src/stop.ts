// The end with a grace: SIGTERM to all, and a wait until they have ended.
import { isSystemError, type Namespace } from '@ns/core';
import { Pidfd, processes, signalAll } from '@ns/pid';

/** All processes of a pid namespace but its init. */
function openAll(namespace: Namespace): Pidfd[] {
  return processes({ in: namespace, descendants: true }).flatMap(({ pid, pids, state }) => {
    if (pids.at(-1) === 1 || state === 'Z') return [];
    try {
      return [Pidfd.open(pid)];
    } catch (error) {
      if (isSystemError(error, 'ESRCH')) return [];
      throw error;
    }
  });
}

/** Asks all processes to end, and waits until they have, at most this many milliseconds. */
export async function endAll(namespace: Namespace, grace: number): Promise<void> {
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
      const left = openAll(namespace);
      if (left.length === 0) return;
      try {
        await Promise.race([timeout, Promise.all(left.map(({ exited }) => exited))]);
      } finally {
        for (const one of left) one.close();
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
