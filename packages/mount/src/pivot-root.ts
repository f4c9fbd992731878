// Changing the root directory.
import type { InOptions } from '@ns/core';
import {
  AT,
  inNamespace,
  type Members,
  MNT,
  type Program,
  type ProgramArgument,
  parse,
} from '@ns/core/authors';
import { O_CLOEXEC, O_PATH, syscall } from '@ns/core/sys';
import { runInNamespace } from './run-in-namespace.js';

/** Options of {@link pivotRoot}. */
export interface PivotRootOptions extends InOptions {
  /**
   * The directory at or below the new root on which the old root is mounted. Default: the old root is
   * detached.
   */
  putOld?: string | undefined;
}

const parseOptions = parse.options({
  in: inNamespace('mount'),
  putOld: parse.path,
} satisfies Members<PivotRootOptions>);

/**
 * Adds the calls that make a directory the root and detach the old one. The old root is stacked onto
 * the new one, so that it needs no directory in there.
 */
export function addPivot(program: Program, newRoot: ProgramArgument, step: string): void {
  program.call('fchdir', newRoot, { step });
  program.call('pivot_root', '.', '.', { step });
  // The working directory is still the new root, and "." now what is on top of it.
  program.call('umount2', '.', MNT.DETACH, { step });
  // A mount that is left there would be a way out, by setns(2) to this very namespace. MNT_EXPIRE changes
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
 * @throws {SystemError} EINVAL if the new root is not a mountpoint, the present root is none (after
 *   chroot) or is the initial ramfs, or one of them is shared; EBUSY if it is the present root
 * @see pivot_root(2)
 */
export function pivotRoot(newRoot: string, options: PivotRootOptions = {}): void {
  const root = parse.path(newRoot, 'newRoot');
  const { in: namespace, putOld } = parseOptions(options);
  const step = `making ${root} the root`;
  runInNamespace(namespace, (program) => {
    if (putOld === undefined) {
      const flags = O_PATH | O_CLOEXEC;
      addPivot(program, program.call('openat', AT.FDCWD, root, flags, 0, { step }), step);
    } else {
      program.call('pivot_root', root, putOld, { step });
      program.call('chdir', '/', { step });
    }
  });
}

/**
 * `chroot(path)`: makes a directory the root of this process, all its threads included, and the
 * working directory. It does not confine root: see {@link pivotRoot} and `rootfs()`.
 *
 * Needs CAP_SYS_CHROOT.
 *
 * @throws {SystemError} ENOENT, ENOTDIR, EACCES, EPERM
 * @see chroot(2)
 */
export function chroot(path: string): void {
  syscall('chroot', parse.path(path, 'path'));
  syscall('chdir', '/');
}
