/**
 * `@ns/mount`: mounts, their propagation and root file systems in a mount namespace.
 *
 * `mount({...})` specifies the new mount namespace of a child. The other functions work in the
 * mount namespace of the calling thread or, with `{ in: namespace }`, in another one.
 *
 * @module @ns/mount
 */
export type { MountAttributes } from './attributes.js';
export type { AttachOptions, AttributeOptions } from './detached.js';
export { DetachedMount } from './detached.js';
export type {
  Cgroup2Options,
  DevptsOptions,
  FilesystemParameters,
  OtherOptions,
  ProcOptions,
  RamfsOptions,
  TmpfsOptions,
} from './filesystems.js';
export { FSCONFIG, FSPICK, MOUNT_ATTR, MOVE_MOUNT, OPEN_TREE } from './flags.js';
export type { IdMaps, IdRange } from './idmap.js';
export type { LoopOptions } from './loop.js';
export { LoopDevice } from './loop.js';
export type {
  BindOptions,
  BindSource,
  Cgroup2Source,
  DetachedSource,
  DevptsSource,
  Mount,
  MountSource,
  MqueueSource,
  OtherSource,
  OverlaySource,
  ProcSource,
  RamfsSource,
  SysfsSource,
  TmpfsSource,
} from './mounts.js';
export type { UmountOptions } from './operations.js';
export { attach, bind, move, umount } from './operations.js';
export type { OverlayOptions } from './overlay.js';
export type { PivotRootOptions } from './pivot-root.js';
export { chroot, pivotRoot } from './pivot-root.js';
export type { Propagation, PropagationOptions } from './propagation.js';
export { setPropagation } from './propagation.js';
export type { RemountOptions } from './remount.js';
export { joinPeerGroup, reconfigure, remount } from './remount.js';
export { listDefaultMasks } from './rootfs/default-masks.js';
export type {
  DirectoryEntry,
  FileEntry,
  RootEntry,
  RootfsOptions,
  RootOverlay,
  SymlinkEntry,
} from './rootfs/options.js';
export { rootfs } from './rootfs/rootfs.js';
export type { MountOptions } from './spec.js';
export { mount } from './spec.js';
export { listMounts } from './table/list-mounts.js';
export type { TableChange } from './table/mount-table.js';
export { MountTable } from './table/mount-table.js';
export type { MountInfo } from './table/mountinfo.js';
export { parseMountinfo, propagationOf } from './table/mountinfo.js';
export type { PropagationPaths } from './table/propagation-paths.js';
export { findPropagationPaths } from './table/propagation-paths.js';
export { listMountIds, statMount, statMountAt, statMounts } from './table/statmount.js';
export type { WatchMountsOptions } from './table/watch-mounts.js';
export { watchMounts } from './table/watch-mounts.js';
