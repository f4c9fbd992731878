// Constants of the kernel's interface that several packages share, under their names in the
// man pages. Unknown bits are passed through wherever flags are taken.

/**
 * Flags of clone(2), unshare(2) and setns(2) that name a namespace type.
 * @see namespaces(7)
 */
export const CLONE = Object.freeze({
  /** A private set of offsets for the monotonic and the boot-time clock (Linux 5.6). */
  NEWTIME: 0x80,
  /** A private mount table. */
  NEWNS: 0x2_0000,
  /** A private view of the cgroup tree, rooted at the caller's cgroup. */
  NEWCGROUP: 0x200_0000,
  /** A private hostname and NIS domain name. */
  NEWUTS: 0x400_0000,
  /** Private System V IPC objects and POSIX message queues. */
  NEWIPC: 0x800_0000,
  /** Private user and group ids and capabilities. */
  NEWUSER: 0x1000_0000,
  /** Private process ids. */
  NEWPID: 0x2000_0000,
  /** A private network stack. */
  NEWNET: 0x4000_0000,
  /** Share file system information (root, working directory, umask). Only for unshare(2). */
  FS: 0x200,
  /** Start the child in the cgroup whose descriptor is given (clone3(2), Linux 5.7). */
  INTO_CGROUP: 0x2_0000_0000,
});

/** Flags of mount(2) and, some of them, bits of mountinfo. */
export const MS = Object.freeze({
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  SYNCHRONOUS: 16,
  REMOUNT: 32,
  MANDLOCK: 64,
  DIRSYNC: 128,
  NOSYMFOLLOW: 256,
  NOATIME: 1024,
  NODIRATIME: 2048,
  BIND: 4096,
  MOVE: 8192,
  REC: 16384,
  SILENT: 32768,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
  STRICTATIME: 1 << 24,
  LAZYTIME: 1 << 25,
});

/** Flags of umount2(2). */
export const MNT = Object.freeze({
  /** End what uses the file system as far as it can (NFS). */
  FORCE: 1,
  /** Detach now, clean up when nothing uses it any more. */
  DETACH: 2,
  /** Mark as expired; the second such call unmounts. */
  EXPIRE: 4,
});

/** Flags and directory descriptors of the *at calls. */
export const AT = Object.freeze({
  /** The working directory, in the place of a directory descriptor. */
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  /** The descriptor itself is meant, the path is empty. */
  EMPTY_PATH: 0x1000,
  RECURSIVE: 0x8000,
});

/** Commands of fcntl(2). */
export const F = Object.freeze({
  DUPFD: 0,
  GETFD: 1,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  DUPFD_CLOEXEC: 1030,
  ADD_SEALS: 1033,
});

/** Options of prctl(2). */
export const PR = Object.freeze({
  SET_PDEATHSIG: 1,
  GET_DUMPABLE: 3,
  SET_DUMPABLE: 4,
  GET_KEEPCAPS: 7,
  SET_KEEPCAPS: 8,
  SET_NAME: 15,
  CAPBSET_READ: 23,
  CAPBSET_DROP: 24,
  GET_SECUREBITS: 27,
  SET_SECUREBITS: 28,
  SET_CHILD_SUBREAPER: 36,
  GET_CHILD_SUBREAPER: 37,
  SET_NO_NEW_PRIVS: 38,
  GET_NO_NEW_PRIVS: 39,
  CAP_AMBIENT: 47,
});

/** Ways to resolve a path, for openat2(2). */
export const RESOLVE = Object.freeze({
  /** Do not cross into another mount. */
  NO_XDEV: 0x1,
  /** Refuse the magic links of /proc. */
  NO_MAGICLINKS: 0x2,
  /** Refuse symbolic links. */
  NO_SYMLINKS: 0x4,
  /** Refuse to leave the directory. */
  BENEATH: 0x8,
  /** The directory is the root for this lookup: `/` and `..` stay inside. */
  IN_ROOT: 0x10,
  /** Look up only what the kernel has in memory (Linux 5.12). */
  CACHED: 0x20,
});

/** close_range(2): mark instead of close (Linux 5.11). */
export const CLOSE_RANGE_CLOEXEC = 4;

/** Names of the bits that are set, `MS_RDONLY | MS_NOSUID`; unknown bits as a number. */
export function flagNames(
  prefix: string,
  table: Readonly<Record<string, number>>,
  value: number | bigint,
): string {
  let rest = BigInt(value);
  const names: string[] = [];
  for (const [name, bit] of Object.entries(table)) {
    const bits = BigInt(bit);
    if (bits !== 0n && (rest & bits) === bits) {
      names.push(`${prefix}${name}`);
      rest &= ~bits;
    }
  }
  if (rest !== 0n || names.length === 0) names.push(rest === 0n ? '0' : `0x${rest.toString(16)}`);
  return names.join(' | ');
}
