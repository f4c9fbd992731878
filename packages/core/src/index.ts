/**
 * Linux namespaces for Node.js: system calls, handles, and children made of syscall programs.
 *
 * @module @ns/core
 */
export type { CreateNamespaceOptions } from './child/create-namespace.js';
export { createNamespace } from './child/create-namespace.js';
export type { Serialization, SpawnOptions, StdioItem, StdioOptions } from './child/options.js';
export type { ProcessAttributes, ResourceLimit, ResourceName } from './child/process-attributes.js';
export type { TerminalSize } from './child/terminal.js';
export { Terminal } from './child/terminal.js';
export type { BecomeOptions } from './commands/become.js';
export { become } from './commands/become.js';
export type { CloneArguments, CloneFunctionOptions } from './commands/clone.js';
export { clone } from './commands/clone.js';
export type { ForkOptions } from './commands/fork.js';
export { fork } from './commands/fork.js';
export type { HoldOptions } from './commands/hold.js';
export { explainHold, hold } from './commands/hold.js';
export { run } from './commands/run.js';
export type { RunOptions, RunSyncOptions } from './commands/run-options.js';
export type { OutputOf, RunResult } from './commands/run-result.js';
export { isRunError, RunError } from './commands/run-result.js';
export { runSync } from './commands/run-sync.js';
export { explainSpawn, spawn } from './commands/spawn.js';
export type { Duration, Size } from './contract/units.js';
export { Watch, type WatchSource } from './contract/watch.js';
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
export type { Feature, Features } from './features/features.js';
export { features } from './features/features.js';
export type { InOptions } from './namespaces/in.js';
export type { NamespaceInfo, NamespaceList } from './namespaces/list.js';
export { listNamespaces } from './namespaces/list.js';
export { Namespace } from './namespaces/namespace.js';
export type { NamespaceId } from './namespaces/nsfs.js';
export type { OpenOptions } from './namespaces/open.js';
export { setns, unshare, unshareDirectories } from './namespaces/thread.js';
export type { IpcChannel } from './process/ipc-channel.js';
export { NamespaceProcess } from './process/namespace-process.js';
export type { SpawnedProcess } from './process/spawned-process.js';
export type { InitOptions, NamespaceSpec } from './program/spec.js';
export type { ChildPart } from './sys/child-part.js';
export type { FeatureName } from './sys/feature-table.js';
export { featureNames } from './sys/feature-table.js';
export type { NamespaceType } from './sys/namespace-types.js';
export { allNamespaceTypes, isNamespaceType } from './sys/namespace-types.js';
export type { SignalName } from './sys/signals.js';
export type { SystemErrorDetails } from './sys/system-error.js';
export { isSystemError, SystemError } from './sys/system-error.js';
export type { Exit, ResourceUsage } from './sys/wait.js';
export type { NamespaceWorkerOptions } from './worker/namespace-worker.js';
export { NamespaceWorker } from './worker/namespace-worker.js';
