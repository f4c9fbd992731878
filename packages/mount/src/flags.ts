// Constants of the kernel's fd-based mount interface, under their names in the man pages.
// Unknown bits are passed through wherever flags are taken.

/** Flags of open_tree(2). */
export const OPEN_TREE = Object.freeze({
  /** Make a detached copy of the mount instead of a handle to it. */
  CLONE: 1,
  /** Close the descriptor on exec. */
  CLOEXEC: 0o2000000,
});

/** Flags of move_mount(2). */
export const MOVE_MOUNT = Object.freeze({
  /** Follow a symbolic link at the end of the source path. */
  F_SYMLINKS: 0x1,
  /** Follow automounts at the end of the source path. */
  F_AUTOMOUNTS: 0x2,
  /** The source is the descriptor itself, its path is empty. */
  F_EMPTY_PATH: 0x4,
  /** Follow a symbolic link at the end of the target path. */
  T_SYMLINKS: 0x10,
  /** Follow automounts at the end of the target path. */
  T_AUTOMOUNTS: 0x20,
  /** The target is the descriptor itself, its path is empty. */
  T_EMPTY_PATH: 0x40,
  /** Make the target a member of the source's peer group (Linux 5.15). */
  SET_GROUP: 0x100,
  /** Mount beneath the topmost mount at the target (Linux 6.5). */
  BENEATH: 0x200,
});

/** Attributes of a mount, for mount_setattr(2) and fsmount(2). */
export const MOUNT_ATTR = Object.freeze({
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  /** All bits of the access time's policy; 0 in there is relatime. */
  ATIME: 0x70,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  NODIRATIME: 0x80,
  /** Map ids as the user namespace in `userns_fd` does (Linux 5.12). */
  IDMAP: 0x10_0000,
  /** Follow no symbolic links on this mount (Linux 5.14). */
  NOSYMFOLLOW: 0x20_0000,
});

/** Commands of fsconfig(2). */
export const FSCONFIG = Object.freeze({
  /** Set a parameter that takes no value. */
  SET_FLAG: 0,
  /** Set a parameter to a text of at most 255 bytes. */
  SET_STRING: 1,
  /** Set a parameter to bytes. */
  SET_BINARY: 2,
  /** Set a parameter to what a path names. */
  SET_PATH: 3,
  /** Set a parameter to what a path or the directory descriptor itself names. */
  SET_PATH_EMPTY: 4,
  /** Set a parameter to an open file. */
  SET_FD: 5,
  /** Make the file system, or find an existing one that fits. */
  CMD_CREATE: 6,
  /** Change the file system that fspick(2) picked. */
  CMD_RECONFIGURE: 7,
  /** Make the file system, but never share an existing one (Linux 6.6). */
  CMD_CREATE_EXCL: 8,
});

/** Flag of fsopen(2). */
export const FSOPEN_CLOEXEC = 1;
/** Flag of fsmount(2). */
export const FSMOUNT_CLOEXEC = 1;

/** Flags of fspick(2). */
export const FSPICK = Object.freeze({
  CLOEXEC: 1,
  SYMLINK_NOFOLLOW: 2,
  NO_AUTOMOUNT: 4,
  EMPTY_PATH: 8,
});
