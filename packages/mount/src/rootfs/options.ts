// The options of rootfs(), as plain data.
import type { DetachedMount } from '../detached.js';
import type { TmpfsOptions } from '../filesystems.js';
import type { Mount } from '../mounts.js';

/** A file with this content. In directories of the caller, it is mounted over an existing file. */
export interface FileEntry {
  type: 'file';
  target: string;
  content: string | Uint8Array;
  /** Permissions. Default: 0o644. */
  mode?: number | undefined;
}

/** A directory. An existing one stays as it is. */
export interface DirectoryEntry {
  type: 'directory';
  target: string;
  /** Permissions. Default: 0o755. */
  mode?: number | undefined;
}

/** A symbolic link. It replaces an existing file or link. */
export interface SymlinkEntry {
  type: 'symlink';
  target: string;
  /** The text of the link. */
  to: string;
}

/** An entry of a root: a mount, a file, a directory or a link. */
export type RootEntry = Mount | FileEntry | DirectoryEntry | SymlinkEntry;

/** Layers over the source of a root. */
export interface RootOverlay extends Pick<TmpfsOptions, 'size' | 'inodes'> {
  /** Further read-only layers over the source, the topmost first. */
  lower?: readonly string[] | undefined;
  /** Directory that takes all changes. Default: memory, as much as `size` and `inodes` allow. */
  upper?: string | undefined;
  /** An empty directory on the same mount as `upper`. Needed with it. */
  work?: string | undefined;
}

/** Options of {@link rootfs}. */
export interface RootfsOptions {
  /**
   * The source of the root: a directory with the mounts below it, or a mount that this process has made
   * (of an image, idmapped). Default: an empty tmpfs.
   */
  source?: string | DetachedMount | undefined;
  /**
   * Keep the source as it is: changes go to memory (`true`) or to another directory. Mounts below the
   * source are not part of an overlay. Default: false.
   */
  overlay?: boolean | RootOverlay | undefined;
  /** Make the root read-only, with the mounts below the source, but not the mounts of {@link mounts}. */
  readonly?: boolean | undefined;
  /** The propagation of later mounts outside: they appear inside with `slave`. Default: `'private'`. */
  propagation?: 'private' | 'slave' | undefined;
  /** A /dev with what programs expect, and no other devices. Default: true. */
  dev?: boolean | undefined;
  /**
   * A /proc: new if there is a new pid namespace or no user namespace, else the one of outside.
   * `'readonly'`: its files cannot be written to. Permissions of its files, but for those of tasks, are
   * the same in all mounts of proc on the machine, and the kernel's root may change them. Default: true.
   */
  proc?: boolean | 'readonly' | undefined;
  /**
   * A read-only /sys: new if there is a new network namespace or no user namespace, else the one of
   * outside. Default: true.
   */
  sys?: boolean | undefined;
  /** A tmpfs on /tmp. Default: true. */
  tmp?: boolean | TmpfsOptions | undefined;
  /** Content of /etc/hostname, without the end of the line. Sets no hostname: see `uts()`. */
  hostname?: string | undefined;
  /** Content of /etc/resolv.conf. */
  resolv?: string | undefined;
  /** Content of /etc/hosts. */
  hosts?: string | undefined;
  /** Entries to put into the root, in this order. Missing directories on the way are made. */
  mounts?: readonly RootEntry[] | undefined;
  /** Paths to hide, if they exist. Default: `listDefaultMasks()`. */
  mask?: readonly string[] | undefined;
  /** Paths to make read-only, if they exist. Default: those in /proc that container runtimes protect. */
  readonlyPaths?: readonly string[] | undefined;
  /** Working directory. Default: the root. */
  workdir?: string | undefined;
}
