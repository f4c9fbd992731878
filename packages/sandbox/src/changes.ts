// Changes in an overlay, read from its upper layer.
import { constants, lstatSync, type Stats } from 'node:fs';
import { isSystemError } from '@ns/core';
import { AT } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { namesIn } from './files/names.js';
import { cPath, type FilePath, pathOf } from './files/paths.js';
import { pathOfFd } from './files/resolve.js';
import { TimeSlices } from './time-slices.js';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
/** Each level takes two descriptors. */
const MAX_DEPTH = 256;

/** A change of a file, a directory or a link. */
export interface Change {
  /** Its path inside; a Buffer if it is not UTF-8. */
  readonly path: FilePath;
  /** A directory is `modified` if its owner or permissions are. */
  readonly kind: 'added' | 'modified' | 'deleted';
  /**
   * Set on a directory whose content is not listed: the caller may not read it, or it is below 256
   * others.
   */
  readonly unlisted?: true;
}

/** A whiteout: what the upper layer has in the place of something deleted. */
const isWhiteout = (stats: Stats) => stats.isCharacterDevice() && stats.rdev === 0;

/** Returns true if a directory hides the lower layer: by the kernel's attribute, or a user namespace's. */
function isOpaque(directory: number): boolean {
  return ['trusted', 'user'].some((kind) => {
    const value = new Uint8Array(1);
    const length = trySyscall('fgetxattr', directory, `${kind}.overlay.opaque`, value, 1);
    return length === 1 && value[0] === 'y'.charCodeAt(0);
  });
}

/** A path or name of one character for each byte. */
const bytesOf = (text: string) => Buffer.from(text, 'latin1');

const statOf = (directory: number, name: string) =>
  lstatSync(bytesOf(`${pathOfFd(directory)}/${name}`), { throwIfNoEntry: false });

const sameAccess = (a: Stats, b: Stats) => a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;

const isUnreadable = (error: unknown) => (error as NodeJS.ErrnoException).code === 'EACCES';

/** Opens a directory, never a link. Returns undefined if it has been replaced by another file. */
function openDirectory(directory: number, name: string): number | undefined {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  try {
    return syscall('openat', directory, cPath(bytesOf(name)), flags, 0);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].some((code) => isSystemError(error, code))) return undefined;
    throw error;
  }
}

/**
 * Both layers directory by directory, by descriptor: commands that run may put something else in the
 * place of whatever is being looked at, a link to elsewhere for one. Names are bytes, of one character
 * each: a name that is not UTF-8 is a change like any other (SECURITY.md S4).
 */
class Comparison {
  readonly #changes: (Omit<Change, 'path'> & { readonly path: string })[] = [];
  readonly #slices = new TimeSlices();

  /** The changes so far, by their paths. */
  get changes(): Change[] {
    return this.#changes
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, ...change }) => ({ path: pathOf(bytesOf(path)), ...change }));
  }

  /** Compares two directories; without a lower one, all is new. */
  async compare(upper: number, lower: number | undefined, path: string, depth = 0): Promise<void> {
    const names = await namesIn(upper, this.#slices);
    if (lower !== undefined && isOpaque(upper)) await this.#missing(lower, new Set(names), path);
    for (const name of names) {
      await this.#slices.take();
      await this.#entry(upper, lower, name, `${path}/${name}`, depth);
    }
  }

  async #missing(lower: number, kept: ReadonlySet<string>, path: string): Promise<void> {
    for (const name of await namesIn(lower, this.#slices)) {
      if (!kept.has(name)) this.#changes.push({ path: `${path}/${name}`, kind: 'deleted' });
    }
  }

  async #entry(
    upper: number,
    lower: number | undefined,
    name: string,
    path: string,
    depth: number,
  ): Promise<void> {
    const now = statOf(upper, name);
    if (!now) return; // deleted while we look
    const before = lower === undefined ? undefined : statOf(lower, name);
    if (isWhiteout(now)) {
      if (before) this.#changes.push({ path, kind: 'deleted' });
      return;
    }
    // Never through a link of the lower layer: the upper directory replaces the link, not its target.
    const both = now.isDirectory() && before?.isDirectory() === true;
    const listed =
      !now.isDirectory() ||
      (await this.#inside(upper, both ? lower : undefined, name, path, depth));
    // A directory that both have is there for what is in it, unless it differs itself.
    if (both && listed && sameAccess(now, before)) return;
    const kind = before ? 'modified' : 'added';
    this.#changes.push({ path, kind, ...(listed ? {} : { unlisted: true }) });
  }

  /** Compares what is in a directory of both; false if not all of it can be listed. */
  async #inside(
    upper: number,
    lower: number | undefined,
    name: string,
    path: string,
    depth: number,
  ): Promise<boolean> {
    if (depth === MAX_DEPTH) return false;
    let [inside, below]: (number | undefined)[] = [];
    try {
      inside = openDirectory(upper, name);
      if (inside === undefined) return true; // something else by now
      below = lower === undefined ? undefined : openDirectory(lower, name);
      await this.compare(inside, below, path, depth + 1);
      return true;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return false;
    } finally {
      if (inside !== undefined) closeFd(inside);
      if (below !== undefined) closeFd(below);
    }
  }
}

/**
 * Lists what the upper layer changes in the lower one, by paths inside. Of the root directory itself,
 * only that it cannot be listed.
 */
export async function listChanges(lower: string, upper: string): Promise<Change[]> {
  const opened: number[] = [];
  const open = (path: string) => {
    const fd = syscall('openat', AT.FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    opened.push(fd);
    return fd;
  };
  const comparison = new Comparison();
  try {
    await comparison.compare(open(upper), open(lower), '');
    return comparison.changes;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return [{ path: '/', kind: 'modified', unlisted: true }, ...comparison.changes];
  } finally {
    for (const fd of opened) closeFd(fd);
  }
}
