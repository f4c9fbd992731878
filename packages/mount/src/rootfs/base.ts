// The root itself: a directory bound, layers over one, or an empty tmpfs.
import { AT, type Call, type ParentDescriptor, type Program } from '@ns/core/authors';
import { addAttach, addDetached, addFilesystem, addReadonly } from '../build.js';
import { tmpfs } from '../filesystems.js';
import { MOUNT_ATTR } from '../flags.js';
import { addPivot } from '../pivot-root.js';
import { Inside } from './inside.js';
import { type Root, UPPER, WORK } from './parse-rootfs.js';

const ROOT = { directory: AT.FDCWD, path: '/', flags: 0 };
/** Names in the scratch: the mountpoints of the caller's root and of the new one. */
const OLD = 'old';
const NEW = 'new';

/** The new root while it is furnished, and a tmpfs that holds it and goes with the caller's root. */
export interface Base {
  readonly root: Call | ParentDescriptor;
  readonly scratch: Call;
  readonly inside: Inside;
}

function addRoot(
  program: Program,
  { base, readonly }: Root,
  scratch: Call,
  isInUserNamespace: boolean,
  step: string,
): Call | ParentDescriptor {
  switch (base.kind) {
    case 'mount': {
      const root = program.descriptor(base.mount.fd);
      if (readonly) addReadonly(program, root, AT.RECURSIVE, { step });
      return root;
    }
    case 'memory':
      return addFilesystem(program, tmpfs({ mode: 0o755 }), 0, isInUserNamespace, step);
    case 'overlay': {
      const label = `mounting the overlay over ${base.path}`;
      for (const name of base.isInMemory ? [UPPER, WORK] : []) {
        // The overlay names them relative to the working directory, which is the scratch.
        program.call('mkdirat', scratch, name, 0o755, { step: label });
      }
      return addFilesystem(program, base.filesystem, 0, isInUserNamespace, label);
    }
    case 'directory': {
      // Read-only now, with all mounts below: those that are made in the root later stay writable.
      const attributes = { set: readonly ? MOUNT_ATTR.RDONLY : 0, clear: 0 };
      const { path } = base;
      const tree = { kind: 'tree', path, recursive: true, nofollow: false, attributes } as const;
      return addDetached(program, tree, isInUserNamespace, step);
    }
  }
}

/**
 * Adds the calls that make the root.
 *
 * SECURITY.md S3: paths of the caller are resolved in the caller's root, whatever has been mounted by
 * then. So nothing is ever mounted over that root. It is moved into the scratch and stays the root
 * directory of the child until {@link addChange}; only `..` and absolute links of a root on which
 * something is stacked would lead into the new root, whose owner may be hostile. Paths of the new root
 * are resolved by descriptor. So sources need no descriptors of their own that are held open, and there
 * may be any number of them.
 */
export function addBase(program: Program, root: Root, isInUserNamespace: boolean): Base {
  const step = 'making the root';
  const scratch = addFilesystem(program, root.scratch, 0, isInUserNamespace, step);
  addAttach(program, scratch, ROOT, step);
  program.call('mkdirat', scratch, OLD, 0o700, { step });
  program.call('mkdirat', scratch, NEW, 0o700, { step });
  program.call('fchdir', scratch, { step });
  program.call('pivot_root', '.', OLD, { step });
  program.call('chroot', OLD, { step });
  const mount = addRoot(program, root, scratch, isInUserNamespace, step);
  addAttach(program, mount, { directory: scratch, path: NEW, flags: 0 }, step);
  const isOwn = root.base.kind === 'memory' || root.base.kind === 'overlay';
  return { root: mount, scratch, inside: new Inside(program, mount, isOwn) };
}

/** Adds the calls that change the root; the scratch goes, with the caller's root in it. */
export function addChange(program: Program, { root, scratch }: Base): void {
  const step = 'changing the root';
  // pivot_root(2) demands that the present root is a mount.
  program.call('fchdir', scratch, { step });
  program.call('chroot', '.', { step });
  addPivot(program, root, step);
}
