// A directory that is filled by untrusted names. The kernel resolves each name with this directory as
// its root (RESOLVE_IN_ROOT); files are then made by the descriptor of their parent and a single name.
//
// The work is linear in what an archive has: a directory is cleared of lower layers once in each layer,
// and every name that is looked at is then removed, or was paid for by an entry.
import { constants, fchmodSync, fchownSync, fstatSync, futimesSync, writeSync } from 'node:fs';
import { isSystemError } from '@ns/core';
import { AT } from '@ns/core/authors';
import { closeFd, errnoNumber, O_CLOEXEC, O_PATH, syscall, trySyscall } from '@ns/core/sys';
import { namesIn } from '../files/names.js';
import { openBelow } from '../files/resolve.js';
import type { TimeSlices } from '../time-slices.js';
import { ArchiveError } from './archive-error.js';
import type { Budget } from './budget.js';
import { cName, MAX_DEPTH, shownName } from './names.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
const ENOENT = -errnoNumber('ENOENT');
const EEXIST = -errnoNumber('EEXIST');
const ENOTDIR = -errnoNumber('ENOTDIR');
const EISDIR = -errnoNumber('EISDIR');
const ELOOP = -errnoNumber('ELOOP');
const EPERM = -errnoNumber('EPERM');

/** The owner of all files. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface Place {
  readonly directory: number;
  readonly name: string;
}

/** A directory that the present layer has something in, at whatever depth. */
interface Visited {
  readonly layer: number;
  /** Directories above it, the root included. */
  readonly depth: number;
  /** Names in it that the present layer has made. */
  readonly names: Set<string>;
  /** True if all files of lower layers have been removed from it. */
  cleared: boolean;
}

/** Opens the directory of this name. Returns undefined if it is missing or another type of file. */
function openChild({ directory, name }: Place): number | undefined {
  const fd = trySyscall('openat', directory, cName(name), DIRECTORY, 0);
  if (fd >= 0) return fd;
  if (fd === ENOENT || fd === ENOTDIR || fd === ELOOP) return undefined;
  return syscall('openat', directory, cName(name), DIRECTORY, 0);
}

/** A directory that is being filled. */
export class Tree {
  readonly #root: number;
  readonly #owner: Owner | undefined;
  readonly #budget: Budget;
  readonly #slices: TimeSlices;
  /** By inode: a directory has one, by whatever links a name leads to it. */
  readonly #visited = new Map<bigint, Visited>();
  readonly #top: bigint;
  #layer = 0;

  /** @param owner to whom everything is to belong, if that is not the caller */
  constructor(path: string, budget: Budget, slices: TimeSlices, owner?: Owner) {
    this.#budget = budget;
    this.#slices = slices;
    this.#root = syscall('openat', AT.FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    this.#owner = owner;
    this.#top = this.#inode(this.#root);
  }

  /**
   * Gives the directory to its owner, who cannot come to it before: processes of the owner could put
   * something else under a name while it is being made.
   */
  handOver(): void {
    this.#settle(this.#root, 0o755);
  }

  close(): void {
    closeFd(this.#root);
  }

  /** Begins the next layer: all files so far belong to lower ones. */
  beginLayer(): void {
    this.#layer++;
  }

  async directory(parts: readonly string[], mode: number): Promise<void> {
    if (parts.length === 0) return; // the directory itself is not the archive's
    await this.#make(parts, (place) => this.#makeDirectory(place, mode));
  }

  /** Makes a file, whose content is written to the descriptor; see {@link finish}. */
  file(parts: readonly string[], size: number): Promise<number> {
    return this.#make(parts, async (place) => {
      await this.#clear(place);
      this.#budget.make(size);
      const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
      return syscall('openat', place.directory, cName(place.name), flags, 0o600);
    });
  }

  /** Ends a file that has got its content. The descriptor stays open. */
  finish(fd: number, mode: number, modified?: Date): void {
    this.#settle(fd, (mode & 0o777) | 0o600);
    if (modified !== undefined) futimesSync(fd, modified, modified);
  }

  async symlink(parts: readonly string[], to: string): Promise<void> {
    await this.#make(parts, async (place) => {
      const { directory, name } = place;
      await this.#clear(place);
      this.#budget.make();
      syscall('symlinkat', cName(to), directory, cName(name));
      if (this.#owner) {
        const { uid, gid } = this.#owner;
        syscall('fchownat', directory, cName(name), uid, gid, AT_SYMLINK_NOFOLLOW);
      }
    });
  }

  /** Makes another name of an existing file. */
  async link(parts: readonly string[], target: readonly string[]): Promise<void> {
    if (parts.join('/') === target.join('/')) return;
    const name = target.at(-1);
    const from = name === undefined ? undefined : await this.#findDirectory(target.slice(0, -1));
    const missing = () =>
      new ArchiveError(`${shownName(target.join('/'))} is linked to, and is not there`);
    if (name === undefined || from === undefined) throw missing();
    try {
      await this.#make(parts, async (place) => {
        await this.#clear(place);
        this.#budget.make();
        const args = [from, cName(name), place.directory, cName(place.name), 0] as const;
        const made = trySyscall('linkat', ...args);
        if (made === ENOENT) throw missing();
        if (made === EPERM) {
          throw new ArchiveError(`${shownName(target.join('/'))} is linked to, and is a directory`);
        }
        if (made < 0) syscall('linkat', ...args);
      });
    } finally {
      closeFd(from);
    }
  }

  /** Removes the file or tree that lower layers have at a path, if it exists. */
  async remove(parts: readonly string[]): Promise<void> {
    const name = parts.at(-1) as string;
    const directory = await this.#findDirectory(parts.slice(0, -1));
    if (directory === undefined) return;
    try {
      await this.#removeLower({ directory, name }, this.#visit(directory));
    } finally {
      closeFd(directory);
    }
  }

  /** Removes all that lower layers have in a directory. */
  async removeLower(parts: readonly string[]): Promise<void> {
    const directory = await this.#findDirectory(parts);
    if (directory === undefined) return;
    try {
      await this.#clearLower(directory);
    } finally {
      closeFd(directory);
    }
  }

  readonly #inode = (fd: number) => fstatSync(fd, { bigint: true }).ino;

  #isVisited(fd: number): boolean {
    return this.#visited.get(this.#inode(fd))?.layer === this.#layer;
  }

  /** Notes that the present layer has something in this directory, and so in all above. */
  #visit(fd: number): Visited {
    const inode = this.#inode(fd);
    const known = this.#visited.get(inode);
    if (known?.layer === this.#layer) return known;
    let depth = 0;
    if (inode !== this.#top) {
      const above = syscall('openat', fd, '..', O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
      try {
        depth = this.#visit(above).depth + 1;
      } finally {
        closeFd(above);
      }
    }
    if (depth > MAX_DEPTH) throw new ArchiveError('its directories are too deep');
    const visited = { layer: this.#layer, depth, names: new Set<string>(), cleared: false };
    this.#visited.set(inode, visited);
    return visited;
  }

  /** Makes a file or directory of the present layer. */
  #make<Result>(parts: readonly string[], act: (place: Place) => Promise<Result>): Promise<Result> {
    return this.#in(parts, (place) => {
      this.#visit(place.directory).names.add(place.name);
      return act(place);
    });
  }

  async #in<Result>(
    parts: readonly string[],
    act: (place: Place) => Promise<Result>,
  ): Promise<Result> {
    const name = parts.at(-1);
    if (name === undefined) throw new ArchiveError('an entry that is not a directory has no name');
    const directory = await this.#openDirectory(parts.slice(0, -1));
    try {
      return await act({ directory, name });
    } finally {
      closeFd(directory);
    }
  }

  /** Opens a directory, by whatever links lead there; undefined if there is none. */
  async #findDirectory(parts: readonly string[]): Promise<number | undefined> {
    const path = parts.join('/');
    const bytes = Buffer.from(path === '' ? '.' : path, 'latin1');
    try {
      return await openBelow(this.#root, bytes, { directory: true });
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      if (isSystemError(error, 'ENOTDIR')) {
        throw new ArchiveError(`${shownName(path)} is not a directory`);
      }
      if (isSystemError(error, 'ELOOP')) {
        throw new ArchiveError(`${shownName(path)} is a loop of links`);
      }
      throw error;
    }
  }

  /** The same, and makes it if need be. */
  async #openDirectory(parts: readonly string[]): Promise<number> {
    const found = await this.#findDirectory(parts);
    if (found !== undefined) return found;
    await this.#make(parts, async (place) => {
      if (trySyscall('mkdirat', place.directory, cName(place.name), 0o700) === EEXIST) {
        throw new ArchiveError(`${shownName(parts.join('/'))} is a dangling link`);
      }
      await this.#makeDirectory(place, 0o755);
    });
    return (await this.#findDirectory(parts)) as number;
  }

  async #makeDirectory(place: Place, mode: number): Promise<void> {
    const { directory, name } = place;
    this.#budget.make();
    const made = trySyscall('mkdirat', directory, cName(name), 0o700);
    if (made !== 0 && made !== EEXIST) syscall('mkdirat', directory, cName(name), 0o700);
    let fd = openChild(place);
    if (fd === undefined) {
      await this.#clear(place);
      syscall('mkdirat', directory, cName(name), 0o700);
      fd = openChild(place);
    }
    if (fd === undefined) throw new ArchiveError(`the directory ${shownName(name)} cannot be made`);
    try {
      this.#settle(fd, (mode & 0o1777) | 0o700);
    } finally {
      closeFd(fd);
    }
  }

  /** Ids and permissions: never set-user-ID or set-group-ID bits; the owner has access to all. */
  #settle(fd: number, mode: number): void {
    if (this.#owner) fchownSync(fd, this.#owner.uid, this.#owner.gid);
    fchmodSync(fd, mode);
  }

  /** Removes the file or tree of this name. */
  async #clear(place: Place): Promise<void> {
    await this.#slices.take();
    const { directory, name } = place;
    const removed = trySyscall('unlinkat', directory, cName(name), 0);
    if (removed === 0 || removed === ENOENT) return;
    if (removed !== EISDIR) syscall('unlinkat', directory, cName(name), 0);
    const inside = syscall('openat', directory, cName(name), DIRECTORY, 0);
    try {
      // The next directory may have the same inode.
      this.#visited.delete(this.#inode(inside));
      for (const below of await namesIn(inside, this.#slices)) {
        await this.#clear({ directory: inside, name: below });
      }
    } finally {
      closeFd(inside);
    }
    syscall('unlinkat', directory, cName(name), AT_REMOVEDIR);
  }

  /** Removes all of lower layers from a directory: once in a layer, since nothing of theirs comes back. */
  async #clearLower(fd: number): Promise<void> {
    const visited = this.#visit(fd);
    if (visited.cleared) return;
    visited.cleared = true;
    for (const name of await namesIn(fd, this.#slices)) {
      await this.#removeLower({ directory: fd, name }, visited);
    }
  }

  /** Removes what has this name, but for what the present layer has made of it and in it. */
  async #removeLower(place: Place, { names }: Visited): Promise<void> {
    const own = names.has(place.name);
    const inside = openChild(place);
    try {
      if (inside !== undefined && (own || this.#isVisited(inside))) {
        await this.#clearLower(inside);
      } else if (!own) await this.#clear(place);
    } finally {
      if (inside !== undefined) closeFd(inside);
    }
  }
}

/** Writes all bytes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
