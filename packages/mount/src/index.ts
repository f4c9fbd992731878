/**
 * `@ns/mount`: mounts, their propagation and root file systems in a mount namespace.
 *
 * `mount({...})` specifies the new mount namespace of a child. The other functions work in the
 * mount namespace of the calling thread or, with `{ in: namespace }`, in another one.
 *
 * @module @ns/mount
 */
export type { MountAttributes } from './attributes.js';
export type { RemountOptions } from './change.js';
export { joinPeerGroup, reconfigure, remount } from './change.js';
export type { AttachOptions, AttributeOptions } from './detached.js';
export { DetachedMount } from './detached.js';
export type {
  Cgroup2Options,
  DevptsOptions,
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
export type { Place } from './perform.js';
export type { Propagation, PropagationOptions } from './propagation.js';
export { setPropagation } from './propagation.js';
export type { PivotRootOptions } from './root.js';
export { chroot, pivotRoot } from './root.js';
export { checkRootEntry, defaultMask } from './rootfs/check.js';
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
export type { MountInfo } from './table/mountinfo.js';
export { parseMountinfo, propagationOf } from './table/mountinfo.js';
export type { PropagationPaths } from './table/peers.js';
export { propagationPaths } from './table/peers.js';
export { mountinfo } from './table/read.js';
export type { NamespaceOptions } from './table/statmount.js';
export { listMounts, mountAt, statMount, statMounts } from './table/statmount.js';
export type { TableChange } from './table/table.js';
export { MountTable } from './table/table.js';
export type { WatchOptions } from './table/watch.js';
export { MountWatch, watch } from './table/watch.js';
