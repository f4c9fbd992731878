// Mounting and unmounting by path, one function for each intent.
import type { InOptions } from '@ns/core';
import { AT, inNamespace, type Members, MNT, parse } from '@ns/core/authors';
import { addMount } from './build.js';
import { MOVE_MOUNT } from './flags.js';
import type { BindOptions, Mount } from './mounts.js';
import { bindMembers, parseMount, treeSource } from './parse-mount.js';
import { parseIn, runInNamespace } from './run-in-namespace.js';

/**
 * Mounts a file system or a part of the tree at its `target`, which must exist; the twin of mount(8).
 * Links at the end of paths are followed. The mount is complete when it appears: it is made and
 * configured detached, then attached.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace. Linux 5.12. Inside a user namespace, the kernel
 * allows bind, tmpfs, overlay (5.11), devpts, and proc, sysfs, mqueue and cgroup2 if the namespace
 * that each of them shows belongs to the user namespace as well.
 *
 * @example
 * attach({ type: 'tmpfs', target: '/mnt', size: '64M' }, { in: namespace });
 * @throws {SystemError} ENOENT without a target; EINVAL if only one of the two is a directory; EPERM;
 *   the kernel's own words about a parameter are in the error's `hint`
 * @see fsopen(2), move_mount(2), mount(8)
 */
export function attach(mount: Mount, options: InOptions = {}): void {
  const parsed = parseMount(mount, 'mount');
  const { in: target } = parseIn(options);
  runInNamespace(target, (program, isInUserNamespace) =>
    addMount(program, parsed, isInUserNamespace),
  );
}

const parseBind = parse.options({
  in: inNamespace('mount'),
  ...bindMembers,
} satisfies Members<BindOptions & InOptions>);

/**
 * Shows a file or directory at another place as well, by default with all mounts below it; the
 * twin of `mount --rbind`. Links at the end of either path are followed.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace. Linux 5.12.
 *
 * @throws {SystemError} ENOENT; EINVAL if only one of the two is a directory, if the source is
 *   unbindable, or if it has mounts below, `recursive` is false and this is in a user namespace
 * @see open_tree(2), move_mount(2), mount(8)
 */
export function bind(source: string, target: string, options: BindOptions & InOptions = {}): void {
  const path = parse.path(source, 'source');
  const parsedTarget = parse.path(target, 'target');
  const { in: namespace, ...rest } = parseBind(options);
  const mount = { source: treeSource(path, rest), target: parsedTarget };
  runInNamespace(namespace, (program, isInUserNamespace) =>
    addMount(program, mount, isInUserNamespace),
  );
}

/** Options of {@link umount}. */
export interface UmountOptions extends InOptions {
  /** Detach now, with all mounts below, and clean up after the last use. */
  detach?: boolean | undefined;
  /** End requests that wait for a server (NFS). */
  force?: boolean | undefined;
  /** Mark as expired (EAGAIN); a second such call unmounts if nothing has used it since. */
  expire?: boolean | undefined;
  /** Fail (EINVAL) if the path is a symbolic link, instead of following it. Default: false. */
  nofollow?: boolean | undefined;
}

const UMOUNT_NOFOLLOW = 8;

const parseUmount = parse.options({
  in: inNamespace('mount'),
  detach: parse.boolean,
  force: parse.boolean,
  expire: parse.boolean,
  nofollow: parse.boolean,
} satisfies Members<UmountOptions>);

/**
 * `umount2(target, flags)`: removes the topmost mount at a path; the twin of umount(8).
 *
 * Needs CAP_SYS_ADMIN over the mount namespace.
 *
 * @throws {SystemError} EBUSY if it is in use (see `detach`); EINVAL if nothing is mounted there, or
 *   the mount was made by an outer user namespace and so cannot be taken away
 * @see umount(2)
 */
export function umount(target: string, options: UmountOptions = {}): void {
  const path = parse.path(target, 'target');
  const { in: namespace, detach, force, expire, nofollow } = parseUmount(options);
  if (expire && (detach || force)) {
    throw new TypeError('options.expire cannot be combined with options.detach or options.force');
  }
  const flags =
    (detach ? MNT.DETACH : 0) |
    (force ? MNT.FORCE : 0) |
    (expire ? MNT.EXPIRE : 0) |
    (nofollow ? UMOUNT_NOFOLLOW : 0);
  runInNamespace(namespace, (program) => program.call('umount2', path, flags));
}

/**
 * Moves the mount at a path, with all below it, to another place; the twin of `mount --move`.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace.
 *
 * @throws {SystemError} EINVAL if the source is not a mountpoint or lies below a shared mount; ELOOP if
 *   the target lies below the source
 * @see move_mount(2)
 */
export function move(source: string, target: string, options: InOptions = {}): void {
  const from = parse.path(source, 'source');
  const to = parse.path(target, 'target');
  const { in: namespace } = parseIn(options);
  const flags = MOVE_MOUNT.F_SYMLINKS | MOVE_MOUNT.T_SYMLINKS;
  runInNamespace(namespace, (program) => {
    const step = `moving the mount at ${from}`;
    program.call('move_mount', AT.FDCWD, from, AT.FDCWD, to, flags, { step });
  });
}
