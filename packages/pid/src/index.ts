/**
 * `@ns/pid`: process ids, pidfds and the init process of a PID namespace.
 *
 * @module @ns/pid
 */
export type { ProcessExit } from './exit.js';
export type { Credentials, ProcessInfo } from './info.js';
export { killNamespace, signalAll } from './kill.js';
export { getLastPid, getPidMax, setLastPid, setPidMax } from './limits.js';
export type { TranslatedPid } from './numbering.js';
export type { PidfdOptions, SignalOptions, SignalScope } from './pidfd.js';
export { Pidfd } from './pidfd.js';
export type { ProcessEntry } from './proc.js';
export type { InOptions, ProcessesOptions, ProcessNode, ThreadEntry } from './processes.js';
export { initOf, processes, processTree, threads } from './processes.js';
export type { PidOptions } from './spec.js';
export { pid } from './spec.js';
export { isChildSubreaper, setChildSubreaper } from './subreaper.js';
export type { TranslateOptions } from './translate.js';
export { pidsOf, translatePid } from './translate.js';
export type { ProcessChange, ProcessWatch, WatchOptions } from './watch.js';
export { watchProcesses } from './watch.js';
