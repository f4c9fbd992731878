// The root itself: a directory bound, layers over one, or an empty tmpfs.
import { AT, type Call, type ParentDescriptor, type Program } from '@ns/core/authors';
import { addAttach, addDetached, addFilesystem, addReadonly } from '../build.js';
import { overlayRecipe } from '../overlay.js';
import { addPivot } from '../root.js';
import type { CheckedRootfs } from './check.js';
import { Inside } from './inside.js';

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

function addOverlay(
  program: Program,
  options: CheckedRootfs,
  scratch: Call,
  inUserNamespace: boolean,
) {
  const { source = '', overlay = {} } = options;
  const step = `mounting the overlay over ${source}`;
  const { upper = 'upper', work = 'work', lower = [] } = overlay;
  if (overlay.upper === undefined) {
    // In memory, and named relative to the working directory, which is the scratch.
    program.call('mkdirat', scratch, upper, 0o755, { step });
    program.call('mkdirat', scratch, work, 0o755, { step });
  }
  const layers = { lower: [...lower, source], upper, work };
  const recipe = overlayRecipe(layers, 'overlay', inUserNamespace);
  return addFilesystem(program, recipe, {}, step);
}

function addRoot(
  program: Program,
  options: CheckedRootfs,
  scratch: Call,
  inUserNamespace: boolean,
  step: string,
): Call | ParentDescriptor {
  const { source, mount, overlay, readonly } = options;
  if (mount) {
    const root = program.descriptor(mount.fd);
    if (readonly) addReadonly(program, root, AT.RECURSIVE, { step });
    return root;
  }
  if (source === undefined) {
    return addDetached(program, { type: 'tmpfs', mode: 0o755 }, inUserNamespace, step);
  }
  if (overlay) return addOverlay(program, options, scratch, inUserNamespace);
  // Now and with all below, because what is mounted later is not meant.
  const tree = { type: 'bind', source, ...(readonly ? { readonly } : {}) } as const;
  return addDetached(program, tree, inUserNamespace, step);
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
export function addBase(program: Program, options: CheckedRootfs, inUserNamespace: boolean): Base {
  const step = 'making the root';
  const { lower: _lower, upper: _upper, work: _work, ...limits } = options.overlay ?? {};
  const memory = { type: 'tmpfs', mode: 0o700, ...limits } as const;
  const scratch = addDetached(program, memory, inUserNamespace, step);
  addAttach(program, scratch, ROOT, step);
  program.call('mkdirat', scratch, OLD, 0o700, { step });
  program.call('mkdirat', scratch, NEW, 0o700, { step });
  program.call('fchdir', scratch, { step });
  program.call('pivot_root', '.', OLD, { step });
  program.call('chroot', OLD, { step });
  const root = addRoot(program, options, scratch, inUserNamespace, step);
  addAttach(program, root, { directory: scratch, path: NEW, flags: 0 }, step);
  const own =
    options.mount === undefined && (options.source === undefined || options.overlay !== undefined);
  return { root, scratch, inside: new Inside(program, root, own) };
}

/** Adds the calls that change the root; the scratch goes, with the caller's root in it. */
export function addChange(program: Program, { root, scratch }: Base): void {
  const step = 'changing the root';
  // pivot_root(2) demands that the present root is a mount.
  program.call('fchdir', scratch, { step });
  program.call('chroot', '.', { step });
  addPivot(program, root, step);
}
