/**
 * `@ns/pid`: process ids, pidfds and the init process of a PID namespace.
 *
 * @module @ns/pid
 */
export { killNamespace, signalAll } from './kill.js';
export type { ListOptions, ProcessNode, ThreadEntry } from './list-processes.js';
export { findInit, listProcesses, listProcessTree, listThreads } from './list-processes.js';
export type { TranslatedPid } from './numbers-in-namespace.js';
export { readLastPid, readPidMax, writeLastPid, writePidMax } from './pid-max.js';
export type { NamespaceOptions, PidfdOptions, SignalOptions, SignalScope } from './pidfd.js';
export { Pidfd } from './pidfd.js';
export type { ProcessExit } from './pidfd-exit.js';
export type { Credentials, ProcessInfo } from './pidfd-info.js';
export type { ProcessEntry } from './proc-status.js';
export type { PidOptions } from './spec.js';
export { pid } from './spec.js';
export { isChildSubreaper, setChildSubreaper } from './subreaper.js';
export type { TranslateOptions } from './translate.js';
export { listPids, translatePid } from './translate.js';
export type { ProcessChange, WatchOptions } from './watch-processes.js';
export { ProcessWatch, watchProcesses } from './watch-processes.js';
