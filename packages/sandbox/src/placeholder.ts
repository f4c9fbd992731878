// Files and directories that stand for what does not exist, so that it can be protected: the kernel
// mounts only on what is there. They are gone with the last sandbox that needs them.
import { constants, fstatSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AT, isSystemError, RESOLVE } from '@ns/core';
import { closeFd, O_CLOEXEC, O_PATH, syscall, trySyscall } from '@ns/core/sys';
import { Made } from './made.js';

/** What is to be there. */
export interface Placeholder {
  /** A path of the host, without links. */
  readonly path: string;
  readonly type: 'file' | 'directory';
}

const { O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const AT_REMOVEDIR = 0x200;
/**
 * The sticky bit and reading by the owner alone. The mode is there from the beginning, so that another
 * sandbox never sees a placeholder that it does not know as one, and it survives the process.
 */
const MODE = 0o1400;
const DIRECTORY_MODE = 0o1500;
/** Bits that a directory may add to what is made in it. */
const INHERITED = 0o2000;
const ATTEMPTS = 200;
const PAUSE = 5;

/** Returns whether something is a placeholder: empty, the caller's, and of a mode that nothing else has. */
export function isPlaceholder(path: string, status: Stats): boolean {
  const mode = status.mode & 0o7777 & ~INHERITED;
  if (status.uid !== process.geteuid?.()) return false;
  if (status.isFile()) return mode === MODE && status.size === 0;
  return status.isDirectory() && mode === DIRECTORY_MODE && readdirSync(path).length === 0;
}

/** Opens the directory of a path, through no link: the tree may be another user's. */
function openParent(path: string): number {
  const flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  const resolve = RESOLVE.NO_SYMLINKS;
  const how = new Uint8Array(BigUint64Array.of(BigInt(flags), 0n, BigInt(resolve)).buffer);
  return syscall('openat2', AT.FDCWD, dirname(path), how, how.length);
}

/** Makes a placeholder, unless there is something. */
function makeMissing(parent: number, { path, type }: Placeholder): void {
  const name = basename(path);
  try {
    if (type === 'directory') {
      syscall('mkdirat', parent, name, DIRECTORY_MODE);
      return;
    }
    closeFd(syscall('openat', parent, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE));
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/** Opens a placeholder and locks it as needed; undefined if it is just being removed. */
function holdExisting(parent: number, { path }: Placeholder): number | undefined {
  let fd: number;
  try {
    fd = syscall('openat', parent, basename(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  const locked = trySyscall('flock', fd, LOCK_SH | LOCK_NB) === 0;
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (locked && now?.ino === fstatSync(fd).ino && isPlaceholder(path, now)) return fd;
  closeFd(fd);
  if (now && !isPlaceholder(path, now)) throw new Error('it has just been made by something else');
  return undefined;
}

/**
 * Removes a placeholder that no other sandbox needs. Several sandboxes may have it, of several
 * processes; the kernel gives up their locks with them, whatever their end.
 */
function release(fd: number, { path, type }: Placeholder): void {
  try {
    if (trySyscall('flock', fd, LOCK_EX | LOCK_NB) < 0) return;
    const now = lstatSync(path, { throwIfNoEntry: false });
    if (now?.ino !== fstatSync(fd).ino || !isPlaceholder(path, now)) return;
    const parent = openParent(path);
    try {
      syscall('unlinkat', parent, basename(path), type === 'directory' ? AT_REMOVEDIR : 0);
    } finally {
      closeFd(parent);
    }
  } finally {
    closeFd(fd);
  }
}

async function hold(placeholder: Placeholder): Promise<number> {
  const parent = openParent(placeholder.path);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      makeMissing(parent, placeholder);
      const fd = holdExisting(parent, placeholder);
      if (fd !== undefined) return fd;
      await delay(PAUSE);
    }
    throw new Error('it is locked');
  } finally {
    closeFd(parent);
  }
}

/**
 * Makes placeholders, or takes over those that others have made.
 *
 * @returns removes those that no other sandbox needs
 */
export async function holdPlaceholders(list: readonly Placeholder[]): Promise<() => Promise<void>> {
  const made = new Made();
  try {
    for (const one of list) {
      const fd = await hold(one).catch((cause: Error) => {
        const cure = 'make it, or leave it out of `protect`';
        throw new Error(`cannot protect ${one.path}: ${cause.message}; ${cure}`, { cause });
      });
      made.add(() => release(fd, one));
    }
    return () => made.undo();
  } catch (error) {
    await made.undoFailed();
    throw error;
  }
}
