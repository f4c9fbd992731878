// Paths in a root that may be hostile: the kernel resolves them with that root as the end of all ways.

import { constants } from 'node:fs';
import { SystemError } from '@ns/core';
import { RESOLVE } from '@ns/core/authors';
import { errnoNumber, O_CLOEXEC, O_PATH, trySyscall } from '@ns/core/sys';
import { cPath, type FilePath } from './paths.js';

const { O_DIRECTORY } = constants;
const IN_ROOT = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;

/** Tries of openat2(2) at once, and then with a millisecond before each. */
const TRIES = { atOnce: 32, patient: 200 };
const EAGAIN = -errnoNumber('EAGAIN');

/** Options of {@link openBelow}. */
export interface OpenBelow {
  /** It must be a directory. */
  readonly directory?: boolean;
  /** Makes each call, for example as another user. */
  readonly as?: (call: () => number) => number;
}

/**
 * Opens what a path leads to below a root, for its place alone: nothing is read.
 *
 * The kernel gives up a `..` with EAGAIN if anything on the machine is renamed or mounted meanwhile, and
 * openat2(2) says to try again. A writer that is not scheduled can hold the lock for milliseconds.
 */
export async function openBelow(
  root: number,
  path: FilePath,
  { directory = false, as = (call) => call() }: OpenBelow = {},
): Promise<number> {
  const flags = O_PATH | O_CLOEXEC | (directory ? O_DIRECTORY : 0);
  // struct open_how: flags, mode, resolve.
  const how = new Uint8Array(BigUint64Array.of(BigInt(flags), 0n, BigInt(IN_ROOT)).buffer);
  const args = [root, cPath(path), how, how.length] as const;
  for (let tries = 0; ; tries++) {
    const result = as(() => trySyscall('openat2', ...args));
    if (result >= 0) return result;
    if (result !== EAGAIN || tries === TRIES.atOnce + TRIES.patient) {
      throw new SystemError(-result, 'openat2', [root, path, how, how.length]);
    }
    if (tries >= TRIES.atOnce) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** The same file by a path of this process, for Node's functions. */
export const pathOfFd = (fd: number): string => `/proc/self/fd/${fd}`;
