/**
 * For authors of packages: programs of system calls, calls in other namespaces, parsers of options.
 *
 * @module @ns/core/authors
 */
export { parseSpawn } from './child/parse.js';
export { parseRunSync } from './commands/parse.js';
export { ProgramCommand } from './commands/program-command.js';
export type { Ways } from './commands/run-in-namespace.js';
export {
  callIn,
  openIn,
  withJoins,
  withTarget,
  workIn,
} from './commands/run-in-namespace.js';
export type { ProgramOptions, ProgramResults } from './commands/run-program.js';
export { runProgram, runProgramSync } from './commands/run-program.js';
export { runChildSync } from './commands/run-sync.js';
export { start as startChild } from './commands/spawn.js';
export { abortError, onAbort, throwIfAborted } from './contract/abort.js';
export { type CallEnd, callEnd } from './contract/call-end.js';
export type { FilledParser, Members, Parsed } from './contract/options.js';
export * as parse from './contract/parse.js';
export type { Parser } from './contract/parser.js';
export { Rollback, runEach } from './contract/rollback.js';
export { inNamespace, type NamespaceTarget } from './namespaces/in.js';
export { OpenProcess } from './namespaces/open-process.js';
export { assertOwners } from './namespaces/owners.js';
export { isAway } from './namespaces/thread-namespaces.js';
export type { CallOptions, MeetingAction, MeetingChild, ProgramArgument } from './program/call.js';
export { Call, ParentDescriptor } from './program/call.js';
export { Program } from './program/program.js';
export { runOnThread } from './program/run-on-thread.js';
export type { Phase, Preparation } from './program/spec.js';
export { phases } from './program/spec.js';
export { isErrorOf, nameErrorClass } from './sys/error-class.js';
export { AT, CLONE, CLOSE_RANGE_CLOEXEC, F, flagNames, MNT, MS, PR, RESOLVE } from './sys/flags.js';
export { assertNamespaceType, flagsOf, namespaceTypes } from './sys/namespace-types.js';
export { findSignal, signalName, signalNumber } from './sys/signals.js';
