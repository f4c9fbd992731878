// Placeholders: empty files and directories at protected paths that do not exist, because the kernel
// mounts only on existing ones. The last sandbox that needs a placeholder removes it.
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
import { AT, RESOLVE, Rollback } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, O_PATH, syscall, trySyscall } from '@ns/core/sys';
import { pathOfFd } from '../../files/resolve.js';

/** A placeholder. */
export interface Placeholder {
  /** A path of the host, without links. */
  readonly path: string;
  readonly type: 'file' | 'directory';
}

/** Returns the content for git(1), which does not work in a repository with an empty commondir. */
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

/** Returns true for a placeholder: the caller's, without content, and of a mode that other files do not have. */
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

/** Creates a placeholder, unless the path exists. */
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

/** Returns the status of a name in a directory; undefined if it is gone. */
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
 * Creates placeholders, or takes over those of other sandboxes.
 *
 * @returns the function that removes those that no other sandbox needs
 */
export async function holdPlaceholders(list: readonly Placeholder[]): Promise<() => Promise<void>> {
  const rollback = new Rollback();
  try {
    for (const one of list) {
      const fd = await hold(one).catch((cause: Error) => {
        const cure = 'make it, or leave it out of `protect`';
        throw new Error(`cannot protect ${one.path}: ${cause.message}; ${cure}`, { cause });
      });
      rollback.add(() => release(fd, one));
    }
    return () => rollback.undo();
  } catch (error) {
    await rollback.undoFailed();
    throw error;
  }
}
