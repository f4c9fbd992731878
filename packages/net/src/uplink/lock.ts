// One at a time for each network namespace, over all processes: the namespace's own file is locked,
// so that there is nothing that a crash could leave.
import { closeSync, constants, openSync } from 'node:fs';
import type { Namespace } from '@ns/core';
import { syscall } from '@ns/core/sys';

const LOCK_EX = 2;

/** Runs a function while no other process runs one for this namespace. */
export function withLock<Result>(namespace: Namespace, use: () => Result): Result {
  // Opened anew: copies of a descriptor, also those that children have got, share their locks.
  const file = openSync(`/proc/self/fd/${namespace.fd}`, constants.O_RDONLY);
  try {
    syscall('flock', file, LOCK_EX);
    return use();
  } finally {
    closeSync(file);
  }
}
