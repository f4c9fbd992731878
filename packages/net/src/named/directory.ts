// The directory of named namespaces, shared with `ip netns`: a mount of its own that is shared with
// all mount namespaces, so that a name deleted in one is gone in the others.
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { isSystemError } from '@ns/core';
import { MS } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { lockFile } from '../file-lock.js';
import { DIRECTORY } from './names.js';

function share(): void {
  syscall('mount', '', DIRECTORY, 'none', MS.SHARED | MS.REC, null);
}

/** Makes the directory and the mount, unless they are there. The caller has the lock. */
function prepare(): void {
  try {
    share();
  } catch (error) {
    if (!isSystemError(error, 'EINVAL')) throw error; // not a mount yet
    syscall('mount', DIRECTORY, DIRECTORY, 'none', MS.BIND | MS.REC, null);
    share();
  }
}

/**
 * Runs a function while no other process that asks for the same lock changes the names; `ip netns`
 * asks for it too.
 */
export function withDirectory<Result>(use: () => Result): Result {
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 });
  const lock = openSync(DIRECTORY, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    lockFile(lock, DIRECTORY);
    prepare();
    return use();
  } finally {
    closeSync(lock);
  }
}
