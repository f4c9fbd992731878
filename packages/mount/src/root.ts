// Changing the root directory.
import {
  AT,
  assertKeys,
  MNT,
  ownOptions,
  type Program,
  type ProgramArgument,
} from '@ns/core/authors';
import { O_CLOEXEC, O_PATH, syscall } from '@ns/core/sys';
import { assertPath } from './checks.js';
import { type Place, perform } from './perform.js';

/** Options of {@link pivotRoot}. */
export interface PivotRootOptions extends Place {
  /**
   * Where the old root is to be mounted: a directory at or below the new root. Default: nowhere, it is
   * detached.
   */
  putOld?: string;
}

/**
 * Adds the calls that make a directory the root and leave nothing of the old one. The old root is
 * stacked onto the new, from where it can be taken away without having had a place in there.
 */
export function addPivot(program: Program, newRoot: ProgramArgument, step: string): void {
  program.call('fchdir', newRoot, { step });
  program.call('pivot_root', '.', '.', { step });
  // The working directory is still the new root, and "." now what is on top of it.
  program.call('umount2', '.', MNT.DETACH, { step });
  // Were anything left there, setns(2) to this very namespace would be a way out. MNT_EXPIRE changes
  // nothing, and its answer is EINVAL only if the topmost mount is the process's root.
  program.call('umount2', '.', MNT.EXPIRE, {
    step,
    tolerate: ['EINVAL'],
    expect: NEVER,
    hint: 'Something else is mounted over the root directory of this mount namespace.',
  });
  program.call('chdir', '/', { step });
}

const NEVER = -1;

/**
 * `pivot_root(new_root, put_old)`: makes the mount at a path the root of the mount namespace and
 * of all processes in it whose root was the old one; by default the old root is gone then. The
 * working directory becomes the new root.
 *
 * Without `in`, that is the mount namespace and the root of this whole process.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace.
 *
 * @throws {SystemError} EINVAL if the new root is no mountpoint, the present root is none (after
 *   chroot) or is the initial ramfs, or one of them is shared; EBUSY if it is the present root
 * @see pivot_root(2)
 */
export function pivotRoot(newRoot: string, options: PivotRootOptions = {}): void {
  assertPath(newRoot, 'newRoot');
  assertKeys(options, ['putOld', 'in'], 'options');
  const { putOld } = ownOptions(options);
  if (putOld !== undefined) assertPath(putOld, 'putOld');
  const step = `making ${newRoot} the root`;
  perform((program) => {
    if (putOld === undefined) {
      const flags = O_PATH | O_CLOEXEC;
      addPivot(program, program.call('openat', AT.FDCWD, newRoot, flags, 0, { step }), step);
    } else {
      program.call('pivot_root', newRoot, putOld, { step });
      program.call('chdir', '/', { step });
    }
  }, options);
}

/**
 * `chroot(path)`: makes a directory the root of this process, all its threads included, and the
 * working directory. No protection against root: see {@link pivotRoot} and `rootfs()`.
 *
 * Needs CAP_SYS_CHROOT.
 *
 * @throws {SystemError} ENOENT, ENOTDIR, EACCES, EPERM
 * @see chroot(2)
 */
export function chroot(path: string): void {
  assertPath(path, 'path');
  syscall('chroot', path);
  syscall('chdir', '/');
}
