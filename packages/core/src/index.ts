/**
 * Linux namespaces for Node.js: system calls, handles, and children made of syscall programs.
 *
 * @module @ns/core
 */
export { assertKeys, assertObject, ownOptions } from './arguments.js';
export type { Container, ContainerManager } from './discovery/container.js';
export type { DiscoverOptions } from './discovery/discover.js';
export { discover } from './discovery/discover.js';
export type { Holder } from './discovery/entry.js';
export type {
  DiscoveredNamespace,
  Hidden,
  NamespaceGraphJSON,
  NamespaceJSON,
  NamespacePath,
} from './discovery/graph.js';
export { NamespaceGraph } from './discovery/graph.js';
export type { Task } from './discovery/task.js';
export { readTask } from './discovery/task.js';
export type { SystemErrorDetails } from './errors.js';
export { isSystemError, SystemError } from './errors.js';
export type { FeatureName } from './features/facts.js';
export { featureNames } from './features/facts.js';
export type { Feature, Features } from './features/features.js';
export { features } from './features/features.js';
export { AT, CLONE, CLOSE_RANGE_CLOEXEC, F, flagNames, MNT, MS, PR, RESOLVE } from './flags.js';
export type { CreateOptions } from './namespaces/create.js';
export type { NamespaceInfo, NamespaceList } from './namespaces/list.js';
export { listNamespaces } from './namespaces/list.js';
export { Namespace } from './namespaces/namespace.js';
export type { NamespaceId } from './namespaces/nsfs.js';
export type { OpenOptions } from './namespaces/open.js';
export { OpenProcess } from './namespaces/open-process.js';
export { assertOwners } from './namespaces/owners.js';
export { isAway } from './namespaces/place.js';
export { setns, unshare, unshareDirectories } from './namespaces/thread.js';
export type { NamespaceType } from './namespaces/types.js';
export {
  allNamespaceTypes,
  assertNamespaceType,
  flagsOf,
  isNamespaceType,
  namespaceTypes,
} from './namespaces/types.js';
export type {
  CallOptions,
  ChildPart,
  MeetingAction,
  MeetingChild,
  ProgramArgument,
} from './program/call.js';
export { Call, ParentDescriptor } from './program/call.js';
export { Program } from './program/program.js';
export type { ProcessAttributes, ResourceLimit, ResourceName } from './spawn/attributes.js';
export type { BecomeOptions } from './spawn/become.js';
export { become } from './spawn/become.js';
export type { NamespaceTarget, Ways } from './spawn/call-in.js';
export {
  callIn,
  openIn,
  targetOf,
  withJoins,
  withTarget,
  workIn,
} from './spawn/call-in.js';
export type { CloneFunctionOptions } from './spawn/clone.js';
export { clone } from './spawn/clone.js';
export type { ForkOptions } from './spawn/fork.js';
export { fork } from './spawn/fork.js';
export type { HoldOptions } from './spawn/hold.js';
export { explainHold, hold } from './spawn/hold.js';
export type { IpcChannel, Serialization } from './spawn/ipc-channel.js';
export type {
  RunOptions,
  RunSyncOptions,
  SpawnOptions,
  StdioItem,
  StdioOptions,
} from './spawn/options.js';
export { NamespaceProcess } from './spawn/process.js';
export { ProgramCommand } from './spawn/program-command.js';
export type { RunResult } from './spawn/result.js';
export { isRunError, RunError } from './spawn/result.js';
export { run } from './spawn/run.js';
export type { ProgramOptions, ProgramResults } from './spawn/run-program.js';
export { runProgram, runProgramSync } from './spawn/run-program.js';
export { runSync } from './spawn/run-sync.js';
export { explainSpawn, spawn } from './spawn/spawn.js';
export type { InitOptions, NamespaceSpec, Phase, Preparation } from './spawn/spec.js';
export { phases } from './spawn/spec.js';
export type { TerminalSize } from './spawn/terminal.js';
export { Terminal } from './spawn/terminal.js';
export { signalNumber } from './sys/signals.js';
export type { Exit, ResourceUsage } from './sys/wait.js';
export type { NamespaceWorkerOptions } from './worker/namespace-worker.js';
export { NamespaceWorker } from './worker/namespace-worker.js';
