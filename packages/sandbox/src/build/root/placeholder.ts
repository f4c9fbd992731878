// Files and directories that stand for what does not exist, so that it can be protected: the kernel
// mounts only on what is there. They are gone with the last sandbox that needs them.
import {
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  readdirSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError } from '@ns/core';
import { AT, RESOLVE } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, O_PATH, syscall, trySyscall } from '@ns/core/sys';
import { pathOfFd } from '../../files/resolve.js';
import { Made } from '../../made.js';

/** What is to be there. */
export interface Placeholder {
  /** A path of the host, without links. */
  readonly path: string;
  readonly type: 'file' | 'directory';
}

/** What git(1) reads there: with an empty file it does nothing more in the repository. */
const contentOf = (name: string) => (name === 'commondir' ? '.\n' : '');

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const AT_REMOVEDIR = 0x200;
/**
 * The sticky bit and reading by the owner. The mode is there from the beginning, so that another
 * sandbox never sees a placeholder that it does not know as one, and it survives the process.
 */
const MODE = 0o1400;
const DIRECTORY_MODE = 0o1500;
/** Reading by others, which a umask would take away: commands may be another user than the caller. */
const SHARED = 0o44;
const DIRECTORY_SHARED = 0o55;
/** A bit that a directory may add to what is made in it. */
const INHERITED = 0o2000;
const ATTEMPTS = 200;
const PAUSE = 5;

/** Returns whether something is a placeholder: without content, the caller's, and of a mode that nothing else has. */
export function isPlaceholder(path: string, status: Stats, name = basename(path)): boolean {
  const mode = status.mode & 0o7777 & ~INHERITED;
  if (status.uid !== process.geteuid?.()) return false;
  if (status.isFile()) {
    const isWhole = status.size === 0 || status.size === contentOf(name).length;
    return (mode & ~SHARED) === MODE && isWhole;
  }
  const isMade = status.isDirectory() && (mode & ~DIRECTORY_SHARED) === DIRECTORY_MODE;
  return isMade && readdirSync(path).length === 0;
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
    const fd = syscall('openat', parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
    try {
      writeSync(fd, contentOf(name));
    } finally {
      closeFd(fd);
    }
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/** Returns what a name in a directory is now; undefined if it is gone. */
const statusIn = (parent: number, name: string) =>
  lstatSync(`${pathOfFd(parent)}/${name}`, { throwIfNoEntry: false });

const isGone = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

/**
 * Opens a placeholder for reading; undefined if it is just being removed.
 *
 * SECURITY.md S6: a stranger may put a FIFO there, or a file with a lease, to keep an open waiting. So
 * only what is the caller's own is opened, by descriptor.
 */
function openPlaceholder(parent: number, name: string): number | undefined {
  let place: number | undefined;
  try {
    place = syscall('openat', parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    const found = fstatSync(place);
    if (!isPlaceholder(pathOfFd(place), found, name)) {
      throw new Error('it has just been made by something else');
    }
    const flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    const fd = syscall('openat', AT.FDCWD, pathOfFd(place), flags, 0);
    fchmodSync(fd, (found.mode & 0o7777) | (found.isFile() ? SHARED : DIRECTORY_SHARED));
    return fd;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  } finally {
    if (place !== undefined) closeFd(place);
  }
}

/** Opens a placeholder and locks it as needed; undefined if it is just being removed. */
function holdExisting(parent: number, { path }: Placeholder): number | undefined {
  const name = basename(path);
  const fd = openPlaceholder(parent, name);
  if (fd === undefined) return undefined;
  const locked = trySyscall('flock', fd, LOCK_SH | LOCK_NB) === 0;
  if (locked && statusIn(parent, name)?.ino === fstatSync(fd).ino) return fd;
  closeFd(fd);
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
