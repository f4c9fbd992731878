// The system calls that make mounts: detached at first, then attached.
import {
  AT,
  Call,
  type CallOptions,
  ownOptions,
  type ParentDescriptor,
  type Program,
  type ProgramArgument,
} from '@ns/core/authors';
import { attributeChange, type MountAttributes, mountAttr } from './attributes.js';
import type { Recipe } from './filesystems.js';
import {
  FSCONFIG,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR,
  MOVE_MOUNT,
  OPEN_TREE,
} from './flags.js';
import {
  type BindSource,
  type DetachedSource,
  type Mount,
  type MountSource,
  recipeOf,
} from './mounts.js';

/** A directory descriptor with a path from there; or with '', the thing behind the descriptor. */
export interface Destination {
  readonly directory: ProgramArgument;
  readonly path: string;
  /** MOVE_MOUNT_T_* flags. */
  readonly flags: number;
}

/** A path as any program sees it. */
export function atPath(path: string): Destination {
  return { directory: AT.FDCWD, path, flags: MOVE_MOUNT.T_SYMLINKS };
}

/** What a step is called in errors. */
export function stepOf(source: MountSource | DetachedSource): string {
  if (source.type === 'detached') return 'attaching a detached mount';
  if (source.type === 'bind') return `binding ${source.source}`;
  return `mounting ${source.type === 'other' ? source.filesystem : source.type}`;
}

/** Makes calls depend on an earlier one. */
export type Condition = Pick<CallOptions, 'ifSucceeded' | 'ifFailed'>;

const LONGEST_MESSAGE = 512;
// A message for each read; a warning may come before the error.
const MESSAGES = 2;

// The program ends with the first failure, so all its calls can share memory for what is said about it.
const memories = new WeakMap<Program, readonly Uint8Array[]>();

function messageMemory(program: Program): readonly Uint8Array[] {
  const memory =
    memories.get(program) ??
    Array.from({ length: MESSAGES }, () => new Uint8Array(LONGEST_MESSAGE));
  memories.set(program, memory);
  return memory;
}

/** The error messages among those that the kernel keeps: "e overlay: missing 'lowerdir'". */
function explains(text: string): string | undefined {
  return text.startsWith('e ') ? `The kernel says: ${text.slice(2).trim()}` : undefined;
}

/** Adds a call on a file system context, whose message log becomes the error's text. */
export function addConfiguring(
  program: Program,
  context: Call,
  name: 'fsconfig' | 'fsmount',
  args: readonly ProgramArgument[],
  options: CallOptions,
): Call {
  const call = program.call(name, context, ...args, options);
  for (const message of messageMemory(program)) {
    program.call('read', context, message, message.length, { ifFailed: call, explains });
  }
  return call;
}

/** Adds the calls that make a new file system, not yet attached. */
export function addFilesystem(
  program: Program,
  { type, source, parameters, hint }: Recipe,
  attributes: MountAttributes,
  step: string,
  condition: Condition = {},
): Call {
  const options: CallOptions = { step, ...condition, ...(hint === undefined ? {} : { hint }) };
  const context = program.call('fsopen', type, FSOPEN_CLOEXEC, options);
  program.call('fsconfig', context, FSCONFIG.SET_STRING, 'source', source, 0, options);
  for (const [key, value] of parameters) {
    const [command, text] =
      value === true ? [FSCONFIG.SET_FLAG, null] : [FSCONFIG.SET_STRING, value];
    addConfiguring(program, context, 'fsconfig', [command, key, text, 0], options);
  }
  const create = [FSCONFIG.CMD_CREATE, null, null, 0];
  addConfiguring(program, context, 'fsconfig', create, options);
  const { set } = attributeChange(attributes);
  const mount = addConfiguring(program, context, 'fsmount', [FSMOUNT_CLOEXEC, set], options);
  program.call('close', context, condition);
  return mount;
}

/** Adds the calls that make a detached copy of a part of the tree. */
function addTree(
  program: Program,
  { source, recursive = true, nofollow = false, ...rest }: BindSource,
  step: string,
  condition: Condition,
): Call {
  const options = { step, ...condition };
  const below = recursive ? AT.RECURSIVE : 0;
  const link = nofollow ? AT.SYMLINK_NOFOLLOW : 0;
  const flags = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | below | link;
  const tree = program.call('open_tree', AT.FDCWD, source, flags, options);
  const change = attributeChange(rest);
  if (change.set !== 0 || change.clear !== 0) {
    const attr = mountAttr(change);
    program.call('mount_setattr', tree, '', AT.EMPTY_PATH | below, attr, attr.length, options);
  }
  return tree;
}

/** Adds the call that makes a mount read-only, with the mounts below it: AT.RECURSIVE, or 0 without. */
export function addReadonly(
  program: Program,
  mount: Call | ParentDescriptor,
  recursive: number,
  options: CallOptions,
): void {
  const attr = mountAttr({ set: MOUNT_ATTR.RDONLY, clear: 0 });
  const flags = AT.EMPTY_PATH | recursive;
  program.call('mount_setattr', mount, '', flags, attr, attr.length, options);
}

/** Adds the calls that make a mount, not yet attached. Their result is its descriptor. */
export function addDetached(
  program: Program,
  source: MountSource,
  inUserNamespace: boolean,
  step = stepOf(source),
  condition: Condition = {},
): Call {
  if (source.type === 'bind') return addTree(program, ownOptions(source), step, condition);
  const recipe = recipeOf(source, source.type, inUserNamespace);
  return addFilesystem(program, recipe, source, step, condition);
}

/** Adds the call that attaches a detached mount. */
export function addAttach(
  program: Program,
  mount: ProgramArgument,
  { directory, path, flags }: Destination,
  step: string,
): void {
  const all = MOVE_MOUNT.F_EMPTY_PATH | flags;
  program.call('move_mount', mount, '', directory, path, all, { step });
}

/** Adds the calls that make what is to be mounted, or names what is there. */
export function addMountable(
  program: Program,
  source: MountSource | DetachedSource,
  inUserNamespace: boolean,
  step: string,
): Call | ParentDescriptor {
  return source.type === 'detached'
    ? program.descriptor(source.mount.fd)
    : addDetached(program, source, inUserNamespace, step);
}

/** Adds the calls that make a mount at its target. */
export function addMount(program: Program, mount: Mount, inUserNamespace: boolean): void {
  const step = `${stepOf(mount)} ${mount.type === 'bind' ? 'to' : 'at'} ${mount.target}`;
  const tree = addMountable(program, mount, inUserNamespace, step);
  const place = atPath(mount.target);
  const isLink = mount.type === 'bind' && mount.nofollow === true;
  addAttach(program, tree, isLink ? { ...place, flags: 0 } : place, step);
  if (tree instanceof Call) program.call('close', tree);
}
