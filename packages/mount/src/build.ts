// The system calls that make mounts: detached at first, then attached.
import {
  AT,
  Call,
  type CallOptions,
  type ParentDescriptor,
  type Program,
  type ProgramArgument,
} from '@ns/core/authors';
import { type AttributeChange, mountAttr } from './attributes.js';
import type { Filesystem } from './filesystems.js';
import {
  FSCONFIG,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR,
  MOVE_MOUNT,
  OPEN_TREE,
} from './flags.js';
import type { ExistingSource, NewSource, TargetedMount, TreeSource } from './parse-mount.js';

/** A path from a directory descriptor; with '', the file behind the descriptor itself. */
export interface Destination {
  readonly directory: ProgramArgument;
  readonly path: string;
  /** MOVE_MOUNT_T_* flags. */
  readonly flags: number;
}

/** Returns a path as programs resolve it: from the working directory, with links. */
export function atPath(path: string): Destination {
  return { directory: AT.FDCWD, path, flags: MOVE_MOUNT.T_SYMLINKS };
}

/** Returns the label of a mount's step in errors. */
export function stepOf(source: NewSource | ExistingSource): string {
  if (source.kind === 'detached') return 'attaching a detached mount';
  if (source.kind === 'tree') return `binding ${source.path}`;
  return `mounting ${source.filesystem.type}`;
}

/** The condition that an earlier call sets for later ones. */
export type Condition = Pick<CallOptions, 'ifSucceeded' | 'ifFailed'>;

const LONGEST_MESSAGE = 512;
// A message for each read; a warning may come before the error.
const MESSAGES = 2;

// The program ends with the first failure, so all its calls can share the memory of messages.
const memories = new WeakMap<Program, readonly Uint8Array[]>();

function messageMemory(program: Program): readonly Uint8Array[] {
  const memory =
    memories.get(program) ??
    Array.from({ length: MESSAGES }, () => new Uint8Array(LONGEST_MESSAGE));
  memories.set(program, memory);
  return memory;
}

/** Returns the hint that an error message of the kernel's log makes: "e overlay: missing 'lowerdir'". */
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
  { type, source, parameters, ...filesystem }: Filesystem,
  attributes: number,
  isInUserNamespace: boolean,
  step: string,
  condition: Condition = {},
): Call {
  const extra = isInUserNamespace ? filesystem.inUserNamespace : undefined;
  const hint = extra?.hint ?? filesystem.hint;
  const options: CallOptions = { step, ...condition, ...(hint === undefined ? {} : { hint }) };
  const context = program.call('fsopen', type, FSOPEN_CLOEXEC, options);
  program.call('fsconfig', context, FSCONFIG.SET_STRING, 'source', source, 0, options);
  for (const [key, value] of [...parameters, ...(extra?.parameters ?? [])]) {
    const [command, text] =
      value === true ? [FSCONFIG.SET_FLAG, null] : [FSCONFIG.SET_STRING, value];
    addConfiguring(program, context, 'fsconfig', [command, key, text, 0], options);
  }
  const create = [FSCONFIG.CMD_CREATE, null, null, 0];
  addConfiguring(program, context, 'fsconfig', create, options);
  const mount = addConfiguring(program, context, 'fsmount', [FSMOUNT_CLOEXEC, attributes], options);
  program.call('close', context, condition);
  return mount;
}

/** Adds the calls that make a detached copy of a part of the tree. */
function addTree(
  program: Program,
  { path, recursive, nofollow, attributes }: TreeSource,
  step: string,
  condition: Condition,
): Call {
  const options = { step, ...condition };
  const below = recursive ? AT.RECURSIVE : 0;
  const link = nofollow ? AT.SYMLINK_NOFOLLOW : 0;
  const flags = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | below | link;
  const tree = program.call('open_tree', AT.FDCWD, path, flags, options);
  if (attributes.set !== 0 || attributes.clear !== 0) {
    const attr = mountAttr(attributes);
    program.call('mount_setattr', tree, '', AT.EMPTY_PATH | below, attr, attr.length, options);
  }
  return tree;
}

/** Adds the call that makes a mount read-only, with the mounts below it if `recursive` is AT.RECURSIVE. */
export function addReadonly(
  program: Program,
  mount: Call | ParentDescriptor,
  recursive: number,
  options: CallOptions,
): void {
  const attr = mountAttr(READONLY);
  const flags = AT.EMPTY_PATH | recursive;
  program.call('mount_setattr', mount, '', flags, attr, attr.length, options);
}

const READONLY: AttributeChange = { set: MOUNT_ATTR.RDONLY, clear: 0 };

/** Adds the calls that make a mount, not yet attached. Their result is its descriptor. */
export function addDetached(
  program: Program,
  source: NewSource,
  isInUserNamespace: boolean,
  step = stepOf(source),
  condition: Condition = {},
): Call {
  if (source.kind === 'tree') return addTree(program, source, step, condition);
  const { filesystem, attributes } = source;
  return addFilesystem(program, filesystem, attributes.set, isInUserNamespace, step, condition);
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

/** Adds the calls that make a mount. Returns its descriptor, or that of the existing one. */
export function addMountable(
  program: Program,
  source: NewSource | ExistingSource,
  isInUserNamespace: boolean,
  step: string,
): Call | ParentDescriptor {
  return source.kind === 'detached'
    ? program.descriptor(source.mount.fd)
    : addDetached(program, source, isInUserNamespace, step);
}

/** Adds the calls that make a mount at its target. */
export function addMount(
  program: Program,
  { source, target }: TargetedMount,
  isInUserNamespace: boolean,
): void {
  const step = `${stepOf(source)} ${source.kind === 'tree' ? 'to' : 'at'} ${target}`;
  const mount = addMountable(program, source, isInUserNamespace, step);
  const path = atPath(target);
  const isLink = source.kind === 'tree' && source.nofollow;
  addAttach(program, mount, isLink ? { ...path, flags: 0 } : path, step);
  if (mount instanceof Call) program.call('close', mount);
}
