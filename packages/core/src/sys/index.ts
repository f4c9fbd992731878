/**
 * Raw system calls for the namespace packages: checked, typed by name, without any policy.
 *
 * @packageDocumentation
 */
export { errnoMeaning, errnoName, errnoNumber } from './errno.js';
export { assertFd, closeFd, duplicate, O_CLOEXEC, O_PATH, pipe } from './fd.js';
export { MappedMemory } from './memory.js';
export type { Readiness, Watch } from './native.js';
export { addressOf, rawWatch as watch } from './native.js';
export type { SyscallName } from './numbers.js';
export { syscallNumber } from './numbers.js';
export { PreparedCalls } from './prepared.js';
export { signalName } from './signals.js';
export type { SyscallArgument } from './syscall.js';
export { cString, syscall, syscallAsync, trySyscall } from './syscall.js';
export type { ExitStatus } from './wait.js';
export { decodeStatus, statusIfEnded } from './wait.js';
