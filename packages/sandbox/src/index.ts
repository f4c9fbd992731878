/**
 * `@ns/sandbox`: all namespace types together, and the sandbox made of them.
 *
 * What `@ns/core` exports is here as well, and so are the specifications of all types: `user()`,
 * `net()`, ... Everything else of a type's package is under the name of the type with `ns`:
 * `netns.createNamespace()`, `userns.readIdMaps()`.
 *
 * @module @ns/sandbox
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
export { sandbox } from './api.js';
export type { AttachOptions } from './attach.js';
export type { AuditOptions } from './audit/audit.js';
export type { AuditProbe } from './audit/list.js';
export { auditProbes } from './audit/list.js';
export type { AuditArea, AuditResult } from './audit/probe.js';
export type { ProbeName } from './audit/probes/index.js';
export type { AuditPreset } from './audit/promises.js';
export { auditPresets } from './audit/promises.js';
export type { AuditFinding, AuditReport } from './audit/report.js';
export type { Bytes } from './bytes.js';
export type { Change } from './changes.js';
export type {
  SandboxCloneOptions,
  SandboxForkOptions,
  SandboxRunOptions,
  SandboxSpawnOptions,
} from './command.js';
export type { FileEntry, ReadOptions, SandboxFiles, WriteOptions } from './files/files.js';
export type { KeptLimit, LimitKeeper, LimitReport, UncountedMemory } from './limits.js';
export type { SandboxNetwork } from './network.js';
export type {
  OptionalPart,
  OverlayChanges,
  PrivateNetwork,
  RootSource,
  SandboxLimits,
  SandboxOptions,
  SandboxUser,
} from './options.js';
export type { SandboxPart } from './parts.js';
export { isSandboxError, SandboxError } from './parts.js';
export type { SandboxPlan } from './plan.js';
export { build, host, node, untrusted } from './presets.js';
export type { MissingPart, SandboxEvents, SandboxExit, SandboxReport } from './report.js';
export type { SandboxResult, SandboxRun } from './run.js';
export type { Sandbox, StopOptions } from './sandbox.js';
export { schema } from './schema.js';
export { ArchiveError, isArchiveError } from './unpack/error.js';
export type {
  ArchiveSource,
  Unpacked,
  UnpackOptions,
  UnpackProgress,
} from './unpack/unpack.js';
export { unpack } from './unpack/unpack.js';
export type { SandboxUsage } from './usage.js';
