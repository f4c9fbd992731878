// Mounts as plain data, one shape for each kind.

import { assertKeys, assertObject, ownOptions } from '@ns/core/authors';
import { assertFd } from '@ns/core/sys';
import { attributeChange, attributeNames, type MountAttributes } from './attributes.js';
import { assertFlag, assertPath } from './checks.js';
import {
  type Cgroup2Options,
  cgroup2Recipe,
  type DevptsOptions,
  devptsRecipe,
  mqueueRecipe,
  type OtherOptions,
  otherRecipe,
  type ProcOptions,
  procRecipe,
  type RamfsOptions,
  type Recipe,
  ramfsRecipe,
  sysfsRecipe,
  type TmpfsOptions,
  tmpfsRecipe,
} from './filesystems.js';
import { type OverlayOptions, overlayRecipe } from './overlay.js';

/** Options of a bind mount. */
export interface BindOptions extends MountAttributes {
  /**
   * Take along the mounts below the source; the attributes then hold for them as well. A user
   * namespace can bind what has mounts below only so, or it could look behind them. Default: true.
   */
  recursive?: boolean;
  /**
   * If the source is a symbolic link, show the link itself, at a target that is one too. The target can
   * then be neither removed nor renamed. Default: false.
   */
  nofollow?: boolean;
}

/** A part of the tree, to be shown at another place as well. */
export interface BindSource extends BindOptions {
  type: 'bind';
  source: string;
}

/** A file system in memory, empty at first. */
export interface TmpfsSource extends TmpfsOptions, MountAttributes {
  type: 'tmpfs';
}

/** The processes of the mounter's pid namespace. */
export interface ProcSource extends ProcOptions, MountAttributes {
  type: 'proc';
}

/** The kernel's devices, with the interfaces of the mounter's network namespace. */
export interface SysfsSource extends MountAttributes {
  type: 'sysfs';
}

/** A new instance of devpts. */
export interface DevptsSource extends DevptsOptions, MountAttributes {
  type: 'devpts';
}

/** The POSIX message queues of the mounter's ipc namespace. */
export interface MqueueSource extends MountAttributes {
  type: 'mqueue';
}

/** The cgroup v2 tree from the root of the mounter's cgroup namespace on. */
export interface Cgroup2Source extends Cgroup2Options, MountAttributes {
  type: 'cgroup2';
}

/** Files in memory without a limit. Not inside a user namespace. */
export interface RamfsSource extends RamfsOptions, MountAttributes {
  type: 'ramfs';
}

/** Layers seen as one tree. */
export interface OverlaySource extends OverlayOptions, MountAttributes {
  type: 'overlay';
}

/** Any file system that the kernel has. */
export interface OtherSource extends OtherOptions, MountAttributes {
  type: 'other';
}

/**
 * A mount that exists already, made and configured by this process: an image, an idmapped mount. It
 * can be attached once. The caller closes it, when the child is there.
 */
export interface DetachedSource {
  type: 'detached';
  /** A `DetachedMount`. */
  mount: { readonly fd: number };
}

/** What can be made a mount of, as plain data. */
export type MountSource =
  | BindSource
  | TmpfsSource
  | ProcSource
  | SysfsSource
  | DevptsSource
  | MqueueSource
  | Cgroup2Source
  | RamfsSource
  | OverlaySource
  | OtherSource;

/** A mount, as plain data: what is mounted, and where. */
export type Mount = (MountSource | DetachedSource) & { target: string };

const options: Readonly<Record<Mount['type'], readonly string[]>> = {
  bind: ['source', 'recursive', 'nofollow'],
  tmpfs: ['size', 'inodes', 'mode', 'uid', 'gid'],
  proc: ['subset', 'hidepid', 'gid'],
  sysfs: [],
  devpts: ['ptmxmode', 'mode', 'gid', 'max'],
  mqueue: [],
  cgroup2: ['nsdelegate', 'memoryRecursiveprot'],
  ramfs: ['mode'],
  overlay: ['lower', 'upper', 'work', 'volatile', 'userxattr'],
  other: ['filesystem', 'source', 'parameters'],
  detached: ['mount'],
};

/** The file system that is to be made, with its checked parameters. */
export function recipeOf(
  given: Exclude<MountSource, BindSource>,
  name: string,
  inUserNamespace = false,
): Recipe {
  const source = ownOptions(given, name);
  switch (source.type) {
    case 'tmpfs':
      return tmpfsRecipe(source, name);
    case 'proc':
      return procRecipe(source, name);
    case 'sysfs':
      return sysfsRecipe(name);
    case 'devpts':
      return devptsRecipe(source, name);
    case 'mqueue':
      return mqueueRecipe(name);
    case 'cgroup2':
      return cgroup2Recipe(source, name);
    case 'ramfs':
      return ramfsRecipe(source, name);
    case 'overlay':
      return overlayRecipe(source, name, inUserNamespace);
    case 'other':
      return otherRecipe(source, name);
  }
}

function checkOptions(
  given: MountSource | DetachedSource,
  further: readonly string[],
  name: string,
): void {
  const source = ownOptions(given, name);
  const { type } = source;
  if (!Object.hasOwn(options, type)) {
    const known = Object.keys(options).join(', ');
    throw new TypeError(`${name}.type must be one of ${known}: ${String(type)}`);
  }
  const attributes = type === 'detached' ? [] : attributeNames;
  assertKeys(source, ['type', ...further, ...options[type], ...attributes], name);
  if (type === 'detached') {
    assertFd(source.mount?.fd, `${name}.mount`);
    return;
  }
  attributeChange(source, name);
  if (type === 'bind') {
    assertPath(source.source, `${name}.source`);
    assertFlag(source.recursive, `${name}.recursive`);
    assertFlag(source.nofollow, `${name}.nofollow`);
  } else recipeOf(source, name);
}

/** Throws unless the value is a {@link MountSource}. */
export function checkSource(source: MountSource, name: string): void {
  assertObject(source, name);
  if ((source.type as string) === 'detached') throw new TypeError(`${name} is detached already`);
  checkOptions(source, [], name);
}

/** Throws unless the value is a {@link Mount}. */
export function checkMount(mount: Mount, name: string): void {
  assertObject(mount, name);
  assertPath(mount.target, `${name}.target`);
  checkOptions(mount, ['target'], name);
}
