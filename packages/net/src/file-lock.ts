// Locks of files that other users can open as well.
import { closeSync, constants, openSync } from 'node:fs';
import { isSystemError, type Namespace, SystemError } from '@ns/core';
import { errnoNumber, syscall } from '@ns/core/sys';

const LOCK_EX = 2;
const LOCK_NB = 4;
const ETIMEDOUT = errnoNumber('ETIMEDOUT');

/** Milliseconds that a lock is waited for, and between two tries. */
const PATIENCE = 10_000;
const PAUSE = 10;

/**
 * Locks a file until its descriptor is closed. Any user who may read a file may lock it, and could
 * keep it for ever: so the wait has an end (SECURITY.md S5, S6).
 *
 * @throws {SystemError} ETIMEDOUT if another process keeps the lock
 */
export function lockFile(fd: number, what: string, patience = PATIENCE): void {
  const deadline = performance.now() + patience;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      syscall('flock', fd, LOCK_EX | LOCK_NB);
      return;
    } catch (error) {
      if (!isSystemError(error, 'EAGAIN') && !isSystemError(error, 'EINTR')) throw error;
    }
    if (performance.now() > deadline) {
      throw new SystemError(ETIMEDOUT, 'flock', [fd, LOCK_EX], {
        hint: `Another process keeps the lock of ${what}. /proc/locks names it.`,
      });
    }
    Atomics.wait(clock, 0, 0, PAUSE);
  }
}

/**
 * Runs a function while no other process runs one for this namespace. The namespace's own file is
 * locked, so that a crash leaves nothing.
 */
export function withLock<Result>(namespace: Namespace, use: () => Result): Result {
  // Opened anew: copies of a descriptor, also those that children have got, share their locks.
  const file = openSync(`/proc/self/fd/${namespace.fd}`, constants.O_RDONLY);
  try {
    lockFile(file, 'the network namespace');
    return use();
  } finally {
    closeSync(file);
  }
}
