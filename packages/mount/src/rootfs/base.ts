// The root itself: a directory bound, layers over one, or an empty tmpfs.
import { AT, type Call, type ParentDescriptor, type Program } from '@ns/core';
import { mountAttr } from '../attributes.js';
import { addAttach, addDetached, addFilesystem } from '../build.js';
import { MOUNT_ATTR } from '../flags.js';
import { overlayRecipe } from '../overlay.js';
import type { CheckedRootfs } from './check.js';
import { Inside } from './inside.js';

const ROOT = { directory: AT.FDCWD, path: '/', flags: 0 };

/** The new root, stacked onto the old one, and a tmpfs between them that goes with the old one. */
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
    // In memory, and named relative to a directory that has no path.
    program.call('mkdirat', scratch, upper, 0o755, { step });
    program.call('mkdirat', scratch, work, 0o755, { step });
    program.call('fchdir', scratch, { step });
  }
  const layers = { lower: [...lower, source], upper, work };
  const recipe = overlayRecipe(layers, 'overlay', inUserNamespace);
  return addFilesystem(program, recipe, {}, step);
}

/** Adds the calls that make the root and stack it onto the present one. */
export function addBase(program: Program, options: CheckedRootfs, inUserNamespace: boolean): Base {
  const { source, mount, overlay, readonly } = options;
  const step = 'making the root';
  let root: Call | ParentDescriptor | undefined;
  if (mount) {
    root = program.descriptor(mount.fd);
    if (readonly) addReadonly(program, root, AT.RECURSIVE);
  } else if (source !== undefined && !overlay) {
    // Now and with all below, because what is mounted later is not meant: not even our own scratch,
    // which would be a part of it if the source is the present root.
    const tree = { type: 'bind', source, ...(readonly ? { readonly } : {}) } as const;
    root = addDetached(program, tree, inUserNamespace, step);
  }
  const { lower: _lower, upper: _upper, work: _work, ...limits } = overlay ?? {};
  const memory = { type: 'tmpfs', mode: 0o700, ...limits } as const;
  const scratch = addDetached(program, memory, inUserNamespace, step);
  addAttach(program, scratch, ROOT, step);
  root ??= overlay
    ? addOverlay(program, options, scratch, inUserNamespace)
    : addDetached(program, { type: 'tmpfs', mode: 0o755 }, inUserNamespace, step);
  addAttach(program, root, ROOT, step);
  const own = mount === undefined && (source === undefined || overlay !== undefined);
  return { root, scratch, inside: new Inside(program, root, own) };
}

/** Adds the call that makes a root read-only: with the mounts below, or (0) without. */
export function addReadonly(
  program: Program,
  root: Call | ParentDescriptor,
  recursive: number,
): void {
  const attr = mountAttr({ set: MOUNT_ATTR.RDONLY, clear: 0 });
  program.call('mount_setattr', root, '', AT.EMPTY_PATH | recursive, attr, attr.length, {
    step: 'making the root read-only',
  });
}
