// Mounts as the caller writes them: plain data, one shape for each kind.
import type { MountAttributes } from './attributes.js';
import type {
  Cgroup2Options,
  DevptsOptions,
  OtherOptions,
  ProcOptions,
  RamfsOptions,
  TmpfsOptions,
} from './filesystems.js';
import type { OverlayOptions } from './overlay.js';

/** Options of a bind mount. */
export interface BindOptions extends MountAttributes {
  /**
   * Take along the mounts below the source; the attributes then hold for them as well. A user
   * namespace can bind what has mounts below only so, or it could look behind them. Default: true.
   */
  recursive?: boolean | undefined;
  /**
   * If the source is a symbolic link, show the link itself, at a target that is one too. The target can
   * then be neither removed nor renamed. Default: false.
   */
  nofollow?: boolean | undefined;
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
 * can be attached once. The caller closes it once the child has started.
 */
export interface DetachedSource {
  type: 'detached';
  /** A `DetachedMount`. */
  mount: { readonly fd: number };
}

/** The source of a new mount, as plain data. */
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

/** A mount, as plain data: its source, and the path of its target. */
export type Mount = (MountSource | DetachedSource) & { target: string };
