// Paths in a root that may be hostile: the kernel resolves them with that root as the end of all ways.

import { constants } from 'node:fs';
import { RESOLVE } from '@ns/core';
import { O_CLOEXEC, O_PATH, syscall } from '@ns/core/sys';

const { O_DIRECTORY } = constants;
const IN_ROOT = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;

/** Opens what a path leads to below a root, for its place alone: nothing is read, nothing waits. */
export function openBelow(root: number, path: string, directory = false): number {
  const flags = O_PATH | O_CLOEXEC | (directory ? O_DIRECTORY : 0);
  // struct open_how: flags, mode, resolve.
  const how = new Uint8Array(BigUint64Array.of(BigInt(flags), 0n, BigInt(IN_ROOT)).buffer);
  return syscall('openat2', root, path, how, how.length);
}

/** The same file by a path of this process, for Node's functions. */
export const pathOfFd = (fd: number): string => `/proc/self/fd/${fd}`;

/** @throws {TypeError} for what is no path */
export function assertPath(path: unknown): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError(`path must be a text: ${JSON.stringify(path)}`);
  }
}
