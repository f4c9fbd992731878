// Mounting and unmounting by path, one function for each intent.
import { AT, assertKeys, MNT, ownOptions } from '@ns/core/authors';
import { addMount } from './build.js';
import { assertFlag, assertPath } from './checks.js';
import { MOVE_MOUNT } from './flags.js';
import { type BindOptions, checkMount, type Mount } from './mounts.js';
import { type Place, perform } from './perform.js';

/**
 * Mounts what the data say at their `target`, which must exist; the twin of mount(8). Links at the
 * end of paths are followed. The mount is complete when it appears: it is made and configured
 * detached, then attached.
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
export function attach(given: Mount, place: Place = {}): void {
  const mount = ownOptions(given, 'mount');
  checkMount(mount, 'mount');
  assertKeys(place, ['in'], 'options');
  perform((program, inUserNamespace) => addMount(program, mount, inUserNamespace), place);
}

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
export function bind(source: string, target: string, options: BindOptions & Place = {}): void {
  const { in: place, ...rest } = ownOptions(options);
  const mount: Mount = { ...rest, type: 'bind', source, target };
  attach(mount, place === undefined ? {} : { in: place });
}

/** Options of {@link umount}. */
export interface UmountOptions extends Place {
  /** Detach now, with all mounts below, and clean up when nothing uses it any more. */
  detach?: boolean;
  /** End requests that wait for a server (NFS). */
  force?: boolean;
  /** Mark as expired (EAGAIN); a second such call unmounts if nothing has used it since. */
  expire?: boolean;
  /** Fail (EINVAL) if the path is a symbolic link, instead of following it. Default: false. */
  nofollow?: boolean;
}

const UMOUNT_NOFOLLOW = 8;

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
  assertPath(target, 'target');
  assertKeys(options, ['detach', 'force', 'expire', 'nofollow', 'in'], 'options');
  const { detach, force, expire, nofollow } = ownOptions(options);
  let flags = 0;
  const bits = {
    detach: MNT.DETACH,
    force: MNT.FORCE,
    expire: MNT.EXPIRE,
    nofollow: UMOUNT_NOFOLLOW,
  };
  for (const [name, value] of Object.entries({ detach, force, expire, nofollow })) {
    assertFlag(value, name);
    if (value) flags |= bits[name as keyof typeof bits];
  }
  if (expire && (detach || force)) {
    throw new TypeError('expire cannot be combined with detach or force');
  }
  perform((program) => program.call('umount2', target, flags), options);
}

/**
 * Moves the mount at a path, with all below it, to another place; the twin of `mount --move`.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace.
 *
 * @throws {SystemError} EINVAL if the source is no mountpoint or lies below a shared mount; ELOOP if
 *   the target lies below the source
 * @see move_mount(2)
 */
export function move(source: string, target: string, options: Place = {}): void {
  assertPath(source, 'source');
  assertPath(target, 'target');
  assertKeys(options, ['in'], 'options');
  const flags = MOVE_MOUNT.F_SYMLINKS | MOVE_MOUNT.T_SYMLINKS;
  perform((program) => {
    program.call('move_mount', AT.FDCWD, source, AT.FDCWD, target, flags, {
      step: `moving the mount at ${source}`,
    });
  }, options);
}
