/**
 * `@ns/all`: everything in one package. `@ns/core` and `@ns/sandbox` are here under their own names, and
 * so are the specs of all namespace types: `user()`, `net()`, ... What else the package of a type exports
 * is under the name of the type with `ns`: `netns.openInside()`, `userns.readIdMaps()`.
 *
 * @module @ns/all
 */
export type { CgroupOptions } from '@ns/cgroup';
export * as cgroupns from '@ns/cgroup';
export { cgroup } from '@ns/cgroup';
export * from '@ns/core';
export type { IpcOptions } from '@ns/ipc';
export * as ipcns from '@ns/ipc';
export { ipc } from '@ns/ipc';
export type { MountOptions } from '@ns/mount';
export * as mountns from '@ns/mount';
export { mount } from '@ns/mount';
export type { NetOptions } from '@ns/net';
export * as netns from '@ns/net';
export { net } from '@ns/net';
export type { PidOptions } from '@ns/pid';
export * as pidns from '@ns/pid';
export { pid } from '@ns/pid';
export * from '@ns/sandbox';
export type { TimeOptions } from '@ns/time';
export * as timens from '@ns/time';
export { time } from '@ns/time';
export type { UserOptions } from '@ns/user';
export * as userns from '@ns/user';
export { user } from '@ns/user';
export type { UtsOptions } from '@ns/uts';
export * as utsns from '@ns/uts';
export { uts } from '@ns/uts';
