/**
 * `@ns/sandbox`: all namespace types together, and the sandbox made of them.
 *
 * What `@ns/core` exports is here as well, and so are the specifications of all types: `user()`,
 * `net()`, ... Everything else of a type's package is under the name of the type with `ns`:
 * `netns.createNamespace()`, `userns.readIdMaps()`.
 *
 * @packageDocumentation
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
export type { TimeOptions } from '@ns/time';
export * as timens from '@ns/time';
export { time } from '@ns/time';
export type { UserOptions } from '@ns/user';
export * as userns from '@ns/user';
export { user } from '@ns/user';
export type { UtsOptions } from '@ns/uts';
export * as utsns from '@ns/uts';
export { uts } from '@ns/uts';
export type { SandboxOptions } from './options.js';
export type { SandboxRunOptions, SandboxSpawnOptions } from './sandbox.js';
export { Sandbox, sandbox } from './sandbox.js';
