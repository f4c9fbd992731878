// Keeps a namespace alive under a path, without a process: a bind mount of its nsfs file.
import { constants } from 'node:fs';
import { path as parsePath } from '../contract/values.js';
import { closeFd, O_CLOEXEC, O_PATH } from '../sys/fd.js';
import { AT, MNT } from '../sys/flags.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { isNsfs } from './nsfs.js';

const OPEN_TREE_CLONE = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const UMOUNT_NOFOLLOW = 8;
const EINVAL = 22;
const ELOOP = 40;

const CREATE = constants.O_RDONLY | constants.O_CREAT | constants.O_EXCL | O_CLOEXEC;

const hints: Readonly<Record<number, string>> = {
  [ELOOP]:
    'A mount namespace can be mounted only in one that is older than itself, to avoid a loop.',
  [EINVAL]:
    'The directory may be a shared mount: a mount namespace is not mounted where it would spread to others. Pin it below a private mount.',
};

/** Mounts the namespace on the open file `target`. By descriptors: no path is resolved twice. */
function mountOn(target: number, namespace: number): void {
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | AT.EMPTY_PATH;
  const tree = syscall('open_tree', namespace, '', flags);
  try {
    const how = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    const result = trySyscall('move_mount', tree, '', target, '', how);
    if (result === 0) return;
    const hint = hints[-result];
    const args = [tree, '', target, '', how];
    throw new SystemError(-result, 'move_mount', args, hint === undefined ? {} : { hint });
  } finally {
    closeFd(tree);
  }
}

/** Makes a file and mounts the namespace on it. On failure, the file is gone again. */
export function pinAt(namespace: number, path: string): void {
  parsePath(path, 'path');
  const target = syscall('openat', AT.FDCWD, path, CREATE, 0o444);
  try {
    mountOn(target, namespace);
  } catch (error) {
    trySyscall('unlinkat', AT.FDCWD, path, 0);
    throw error;
  } finally {
    closeFd(target);
  }
}

/** Undoes {@link pinAt}. Only ever unmounts a namespace. */
export function unpinAt(path: string): void {
  parsePath(path, 'path');
  const fd = syscall('openat', AT.FDCWD, path, O_PATH | constants.O_NOFOLLOW | O_CLOEXEC, 0);
  try {
    if (!isNsfs(fd)) throw new TypeError(`path: no namespace is pinned at ${path}`);
  } finally {
    closeFd(fd);
  }
  syscall('umount2', path, MNT.DETACH | UMOUNT_NOFOLLOW);
  syscall('unlinkat', AT.FDCWD, path, 0);
}
