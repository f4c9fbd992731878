// A directory that is filled by names that nobody has vouched for. The kernel resolves each one with
// this directory as the end of all ways; what is then made is made by descriptor, under one name.
import {
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lstatSync,
  readdirSync,
  writeSync,
} from 'node:fs';
import { AT, isSystemError } from '@ns/core';
import { closeFd, errnoNumber, O_CLOEXEC, syscall, trySyscall } from '@ns/core/sys';
import { openBelow, pathOfFd } from '../files/resolve.js';
import { ArchiveError } from './error.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const MAX_DEPTH = 256;
const [ENOENT, EEXIST, ENOTDIR, EISDIR, ELOOP] = [
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
].map((name) => -errnoNumber(name)) as [number, number, number, number, number];

/** To whom everything belongs. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The parts of a name in an archive; none for the directory itself. */
export function partsOf(name: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new ArchiveError(`${JSON.stringify(name)} leads outside`);
  if (parts.length > MAX_DEPTH) throw new ArchiveError('its directories are too deep');
  return parts;
}

interface Place {
  readonly directory: number;
  readonly name: string;
}

const isDirectory = ({ directory, name }: Place) =>
  lstatSync(`${pathOfFd(directory)}/${name}`).isDirectory();

/** A directory that is being filled. */
export class Tree {
  readonly #root: number;
  readonly #owner: Owner | undefined;
  /** Names that the present layer has, with the directories above. */
  #added: Set<string> | undefined;

  /** @param owner to whom everything is to belong, if that is not the caller */
  constructor(path: string, owner?: Owner) {
    this.#root = syscall('openat', AT.FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    this.#owner = owner;
    this.#settle(this.#root, 0o755);
  }

  close(): void {
    closeFd(this.#root);
  }

  /** From here on, what is there is of a lower layer. */
  beginLayer(): void {
    this.#added = new Set();
  }

  directory(parts: readonly string[], mode: number): void {
    if (parts.length === 0) return; // the directory itself is not the archive's
    this.#at(parts, (place) => this.#makeDirectory(place, mode));
  }

  /** Makes a file, whose content is written to the descriptor; see {@link finish}. */
  file(parts: readonly string[]): number {
    return this.#at(parts, (place) => {
      this.#clear(place);
      const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
      return syscall('openat', place.directory, place.name, flags, 0o600);
    });
  }

  /** Ends a file that has got its content. */
  finish(fd: number, mode: number, modified?: Date): void {
    this.#settle(fd, (mode & 0o777) | 0o600);
    if (modified !== undefined && Number.isFinite(modified.getTime()))
      futimesSync(fd, modified, modified);
    closeFd(fd);
  }

  symlink(parts: readonly string[], to: string): void {
    this.#at(parts, (place) => {
      const { directory, name } = place;
      this.#clear(place);
      syscall('symlinkat', to, directory, name);
      if (this.#owner) {
        const { uid, gid } = this.#owner;
        syscall('fchownat', directory, name, uid, gid, AT_SYMLINK_NOFOLLOW);
      }
    });
  }

  /** Another name of a file that is there already. */
  link(parts: readonly string[], target: readonly string[]): void {
    if (parts.join('/') === target.join('/')) return;
    this.#in(target, (from) => {
      this.#at(parts, (place) => {
        this.#clear(place);
        syscall('linkat', from.directory, from.name, place.directory, place.name, 0);
      });
    });
  }

  /** Removes what lower layers have there; nothing if there is nothing. */
  remove(parts: readonly string[]): void {
    this.#in(parts, (place) => {
      if (!this.#added?.has(parts.join('/'))) this.#clear(place);
      else if (isDirectory(place)) this.removeLower(parts);
    });
  }

  /** Removes all that lower layers have in a directory. */
  removeLower(parts: readonly string[]): void {
    const directory = this.#openDirectory(parts);
    try {
      this.#clearLower(directory, parts);
    } finally {
      closeFd(directory);
    }
  }

  /** Where something is made. */
  #at<Result>(parts: readonly string[], act: (place: Place) => Result): Result {
    for (let length = parts.length; length > 0; length--) {
      const path = parts.slice(0, length).join('/');
      if (!this.#added || this.#added.has(path)) break;
      this.#added.add(path);
    }
    return this.#in(parts, act);
  }

  #in<Result>(parts: readonly string[], act: (place: Place) => Result): Result {
    const name = parts.at(-1);
    if (name === undefined) throw new ArchiveError('an entry that is no directory has no name');
    const directory = this.#openDirectory(parts.slice(0, -1));
    try {
      return act({ directory, name });
    } finally {
      closeFd(directory);
    }
  }

  /** Opens a directory, by whatever links lead there, and makes it if need be. */
  #openDirectory(parts: readonly string[]): number {
    try {
      return openBelow(this.#root, parts.join('/') || '.', true);
    } catch (error) {
      const shown = JSON.stringify(parts.join('/'));
      if (isSystemError(error, 'ENOTDIR')) throw new ArchiveError(`${shown} is no directory`);
      if (isSystemError(error, 'ELOOP')) throw new ArchiveError(`${shown} is a loop of links`);
      if (!isSystemError(error, 'ENOENT')) throw error;
    }
    this.#in(parts, (place) => {
      if (trySyscall('mkdirat', place.directory, place.name, 0o700) === EEXIST) {
        throw new ArchiveError(`${JSON.stringify(parts.join('/'))} is a link that leads nowhere`);
      }
      this.#makeDirectory(place, 0o755);
    });
    return openBelow(this.#root, parts.join('/'), true);
  }

  #makeDirectory(place: Place, mode: number): void {
    const { directory, name } = place;
    const open = () =>
      trySyscall('openat', directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    let made = trySyscall('mkdirat', directory, name, 0o700);
    let fd = open();
    if (fd === ENOTDIR || fd === ELOOP) {
      this.#clear(place);
      made = syscall('mkdirat', directory, name, 0o700);
      fd = open();
    }
    if (fd < 0) {
      // As errors are reported, with the call that has failed.
      if (made < 0 && made !== EEXIST) syscall('mkdirat', directory, name, 0o700);
      throw new ArchiveError(`the directory ${JSON.stringify(name)} cannot be made`);
    }
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

  /** Removes whatever has this name. */
  #clear({ directory, name }: Place, depth = 0): void {
    const removed = trySyscall('unlinkat', directory, name, 0);
    if (removed === 0 || removed === ENOENT) return;
    if (removed !== EISDIR) syscall('unlinkat', directory, name, 0);
    if (depth > MAX_DEPTH) throw new ArchiveError('its directories are too deep');
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const inside = syscall('openat', directory, name, flags, 0);
    try {
      for (const below of readdirSync(pathOfFd(inside))) {
        this.#clear({ directory: inside, name: below }, depth + 1);
      }
    } finally {
      closeFd(inside);
    }
    syscall('unlinkat', directory, name, AT_REMOVEDIR);
  }

  #clearLower(directory: number, parts: readonly string[]): void {
    for (const name of readdirSync(pathOfFd(directory))) {
      const inside = [...parts, name];
      if (!this.#added?.has(inside.join('/'))) this.#clear({ directory, name });
      else if (isDirectory({ directory, name })) this.removeLower(inside);
    }
  }
}

/** Writes all of it. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
