// Directories for the time of a sandbox, on the disk. Each is locked as long as its process lives, so
// that what a killed one has left is seen, and removed, by the next that makes one (SECURITY.md S10).
import {
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NamespaceSpec, run } from '@ns/core';
import { closeFd, trySyscall } from '@ns/core/sys';
import { user } from '@ns/user';

const PREFIX = 'ns-sandbox-';
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** A private directory of the caller. */
export interface Temporary {
  readonly path: string;
  /** Removes the directory with its contents. */
  remove(): Promise<void>;
}

/** Opens and locks a directory. Returns undefined if it is gone or belongs to another user or process. */
function lock(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch {
    return undefined; // gone, not a directory, or not readable
  }
  const locked = trySyscall('flock', fd, LOCK_EX | LOCK_NB) === 0;
  // The holder of the lock may have removed it before this process got the lock.
  const still = lstatSync(path, { throwIfNoEntry: false });
  const same = still?.ino === fstatSync(fd).ino && still.uid === process.geteuid?.();
  if (locked && same) return fd;
  closeFd(fd);
  return undefined;
}

/**
 * Removes a directory by rm(1), which no link leads outside. Inside of an overlay there are directories
 * that their owner may not enter, and files of subordinate ids: then as root of a user namespace.
 */
export async function removeTree(path: string): Promise<void> {
  const ways: (() => NamespaceSpec[])[] = [
    () => [],
    () => [user({ map: 'root' })],
    () => [user({ map: 'auto' })],
  ];
  let stderr = '';
  for (const way of process.geteuid?.() === 0 ? ways.slice(0, 1) : ways) {
    ({ stderr } = await run('rm', ['-rf', '--', path], { namespaces: way(), reject: false }));
    if (!existsSync(path)) return;
  }
  throw new Error(`${path} cannot be removed: ${stderr.trim()}`);
}

/** Removes directories whose process is gone. */
export async function removeLeftTemporaries(directory: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(directory, name);
    const fd = lock(path);
    if (fd === undefined) continue;
    try {
      await removeTree(path);
    } finally {
      closeFd(fd);
    }
  }
}

/** Makes a private directory of the caller. */
export async function makeTemporary(): Promise<Temporary> {
  const directory = tmpdir();
  await removeLeftTemporaries(directory);
  for (;;) {
    const path = mkdtempSync(join(directory, PREFIX));
    const fd = lock(path);
    if (fd === undefined) continue; // another process has taken it for a stale one
    return {
      path,
      remove: async () => {
        try {
          await removeTree(path);
        } finally {
          closeFd(fd);
        }
      },
    };
  }
}
