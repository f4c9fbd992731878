// What an overlay has changed, read from its upper layer.
import { constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { AT, isSystemError } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { pathOfFd } from './files/resolve.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
/** More than anybody has who does not want to do harm. */
const MAX_DEPTH = 256;

/** A change of a file, a directory or a link. */
export interface Change {
  /** Its path inside. */
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
}

/** A whiteout: what the upper layer has in the place of something deleted. */
const isWhiteout = (stats: Stats) => stats.isCharacterDevice() && stats.rdev === 0;

/** Whether a directory hides what is below: by the kernel's attribute, or a user namespace's. */
function isOpaque(directory: number): boolean {
  return ['trusted', 'user'].some((kind) => {
    const value = new Uint8Array(1);
    const length = trySyscall('fgetxattr', directory, `${kind}.overlay.opaque`, value, 1);
    return length === 1 && value[0] === 'y'.charCodeAt(0);
  });
}

const statOf = (directory: number, name: string) =>
  lstatSync(`${pathOfFd(directory)}/${name}`, { throwIfNoEntry: false });
const namesIn = (directory: number) => readdirSync(pathOfFd(directory)).sort();

/** Opens a directory, never a link; undefined if it is no directory any more. */
function openDirectory(directory: number, name: string): number | undefined {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  try {
    return syscall('openat', directory, name, flags, 0);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => isSystemError(error, code))) return undefined;
    throw error;
  }
}

/**
 * Both layers directory by directory, by descriptor: commands that run may put something else in the
 * place of whatever is being looked at, a link to elsewhere for one.
 */
class Comparison {
  readonly changes: Change[] = [];

  /** Compares two directories; without a lower one, all is new. */
  compare(upper: number, lower: number | undefined, path: string, depth = 0): void {
    if (depth > MAX_DEPTH) throw new Error(`directories with changes are too deep: ${path}`);
    const names = namesIn(upper);
    if (lower !== undefined && isOpaque(upper)) this.#missing(lower, new Set(names), path);
    for (const name of names) this.#entry(upper, lower, name, join(path, name), depth);
  }

  #missing(lower: number, kept: ReadonlySet<string>, path: string): void {
    for (const name of namesIn(lower)) {
      if (!kept.has(name)) this.changes.push({ path: join(path, name), kind: 'deleted' });
    }
  }

  #entry(upper: number, lower: number | undefined, name: string, path: string, depth: number) {
    const now = statOf(upper, name);
    if (!now) return; // deleted while we look
    const before = lower === undefined ? undefined : statOf(lower, name);
    if (isWhiteout(now)) {
      if (before) this.changes.push({ path, kind: 'deleted' });
      return;
    }
    const both = now.isDirectory() && before?.isDirectory() === true;
    // A directory that both have is there only for what is in it.
    if (!both) this.changes.push({ path, kind: before ? 'modified' : 'added' });
    if (!now.isDirectory()) return;
    const inside = openDirectory(upper, name);
    if (inside === undefined) return;
    // Never through a link of the lower layer: what is behind it is not what it has been replaced by.
    const below = both ? openDirectory(lower as number, name) : undefined;
    try {
      this.compare(inside, below, path, depth + 1);
    } finally {
      closeFd(inside);
      if (below !== undefined) closeFd(below);
    }
  }
}

/** Lists what the upper layer changes in the lower one, by paths inside. */
export function listChanges(lower: string, upper: string): Change[] {
  const open = (path: string) =>
    syscall('openat', AT.FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  const above = open(upper);
  try {
    const below = open(lower);
    try {
      const comparison = new Comparison();
      comparison.compare(above, below, '/');
      return comparison.changes.sort((a, b) => (a.path < b.path ? -1 : 1));
    } finally {
      closeFd(below);
    }
  } finally {
    closeFd(above);
  }
}
