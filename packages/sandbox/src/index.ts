/**
 * `@ns/sandbox`: runs commands in sandboxes made of all namespace types.
 *
 * @module @ns/sandbox
 */

export { isRunError, isSystemError, RunError, SystemError } from '@ns/core';
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
export type { KeptLimit, LimitKeeper, LimitReport, UncountedMemory } from './build/limits.js';
export type { Change } from './changes.js';
export type {
  SandboxCloneArguments,
  SandboxCloneOptions,
  SandboxForkOptions,
  SandboxRunOptions,
  SandboxSpawnOptions,
} from './command-types.js';
export type { SandboxCreateOptions } from './create-sandbox.js';
export type { FileEntry, ReadOptions, SandboxFiles, WriteOptions } from './files/files.js';
export type { HostPaths } from './options/presets.js';
export { build, host, node, untrusted } from './options/presets.js';
export { schema } from './options/schema.js';
export type { Schema } from './options/schema-type.js';
export type {
  ClockOffsets,
  OptionalPart,
  OverlayChanges,
  PrivateNetwork,
  RootSource,
  SandboxCgroupOption,
  SandboxLimits,
  SandboxNetworkOption,
  SandboxOptions,
  SandboxUser,
} from './options/types.js';
export type { SandboxPlan } from './plan.js';
export type { MissingPart, SandboxEvents, SandboxExit, SandboxReport } from './report.js';
export type { SandboxResult, SandboxRun } from './run.js';
export type { Sandbox, SandboxTraits } from './sandbox.js';
export type { SandboxPart } from './sandbox-error.js';
export { isSandboxError, SandboxError } from './sandbox-error.js';
export type { SandboxNetwork } from './sandbox-network.js';
export type { StopOptions } from './stop-options.js';
export { ArchiveError, isArchiveError } from './unpack/archive-error.js';
export type {
  ArchiveSource,
  Unpacked,
  UnpackOptions,
  UnpackProgress,
} from './unpack/unpack.js';
export { unpack } from './unpack/unpack.js';
export type { SandboxUsage } from './usage.js';
