// What a root is made of: the options of rootfs(), as plain data.
import type { DetachedMount } from '../detached.js';
import type { TmpfsOptions } from '../filesystems.js';
import type { Mount } from '../mounts.js';

/** A file with this content. In directories that are not the root's own, mounted over an existing one. */
export interface FileEntry {
  type: 'file';
  target: string;
  content: string | Uint8Array;
  /** Permissions. Default: 0o644. */
  mode?: number;
}

/** A directory. An existing one stays as it is. */
export interface DirectoryEntry {
  type: 'directory';
  target: string;
  /** Permissions. Default: 0o755. */
  mode?: number;
}

/** A symbolic link, in the place of whatever file or link is there. */
export interface SymlinkEntry {
  type: 'symlink';
  target: string;
  /** What the link says. */
  to: string;
}

/** What is put into a root: a mount, or a file, directory or link. */
export type RootEntry = Mount | FileEntry | DirectoryEntry | SymlinkEntry;

/** Layers over the source of a root. */
export interface RootOverlay extends Pick<TmpfsOptions, 'size' | 'inodes'> {
  /** Further read-only layers over the source, the topmost first. */
  lower?: readonly string[];
  /** Directory that takes all changes. Default: memory, as much as `size` and `inodes` allow. */
  upper?: string;
  /** An empty directory on the same mount as `upper`. Needed with it. */
  work?: string;
}

/** Options of {@link rootfs}. */
export interface RootfsOptions {
  /**
   * What becomes the root: a directory with the mounts below it, or a mount that this process has made
   * (of an image, idmapped). Default: an empty tmpfs.
   */
  source?: string | DetachedMount;
  /**
   * Keep the source as it is: changes go to memory (`true`) or to another directory. Mounts below the
   * source are not part of an overlay. Default: false.
   */
  overlay?: boolean | RootOverlay;
  /** Make the root read-only, with the mounts below the source. What is mounted in it is not. */
  readonly?: boolean;
  /** Whether mounts made outside later are seen inside (`slave`) or not. Default: `'private'`. */
  propagation?: 'private' | 'slave';
  /** A /dev with what programs expect, and no other devices. Default: true. */
  dev?: boolean;
  /**
   * A /proc: new if there is a new pid namespace or no user namespace, else the one of outside.
   * `'readonly'`: nothing in it can be written to. Permissions of its files, but for those of tasks, are
   * the same in all mounts of proc on the machine, and the kernel's root may change them. Default: true.
   */
  proc?: boolean | 'readonly';
  /**
   * A read-only /sys: new if there is a new network namespace or no user namespace, else the one of
   * outside. Default: true.
   */
  sys?: boolean;
  /** A tmpfs on /tmp. Default: true. */
  tmp?: boolean | TmpfsOptions;
  /** Content of /etc/hostname, without the end of the line. Sets no hostname: see `uts()`. */
  hostname?: string;
  /** Content of /etc/resolv.conf. */
  resolv?: string;
  /** Content of /etc/hosts. */
  hosts?: string;
  /** What is put into the root, in this order. Missing directories on the way are made. */
  mounts?: readonly RootEntry[];
  /** What is hidden, if it exists. Default: {@link defaultMask}. */
  mask?: readonly string[];
  /** What is made read-only, if it exists. Default: what container runtimes protect in /proc. */
  readonlyPaths?: readonly string[];
  /** Working directory. Default: the root. */
  workdir?: string;
}
