// The largest and the last pid of a pid namespace. The kernel shows each process those of its own
// namespace, so those of another one are read and written by a child that joins it.
import { constants } from 'node:fs';
import type { InOptions } from '@ns/core';
import { AT, Program, parse, runProgramSync, withJoins, withTarget } from '@ns/core/authors';
import { parseIn } from './list-processes.js';

const PID_MAX = '/proc/sys/kernel/pid_max';
const LAST_PID = '/proc/sys/kernel/ns_last_pid';
const ENOUGH = 32;

function runIn(options: InOptions, program: Program) {
  const { in: target } = parseIn(options);
  if (target === undefined) return runProgramSync(program);
  return withTarget('pid', target, (namespace) =>
    withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces })),
  );
}

function read(path: string, options: InOptions): number {
  const program = new Program();
  const fd = program.call('openat', AT.FDCWD, path, constants.O_RDONLY, 0);
  const reading = program.call('read', fd, new Uint8Array(ENOUGH), ENOUGH);
  const results = runIn(options, program);
  const bytes = results.bytesOf(reading, 1).subarray(0, results.resultOf(reading));
  return Number(new TextDecoder().decode(bytes));
}

function write(path: string, value: number, options: InOptions): void {
  const program = new Program();
  const text = String(value);
  const fd = program.call('openat', AT.FDCWD, path, constants.O_WRONLY, 0);
  program.call('write', fd, text, text.length);
  runIn(options, program);
}

/**
 * Returns the number that all pids of the namespace are below. Each namespace has its own from
 * Linux 6.14 on; before, there is one for the machine.
 *
 * @see proc_sys_kernel(5)
 */
export function readPidMax(options: InOptions = {}): number {
  return read(PID_MAX, options);
}

/**
 * Writes the number that all pids of the namespace are below. Before Linux 6.14 it is that of the
 * whole machine. Needs
 * CAP_SYS_ADMIN in the user namespace that owns the pid namespace.
 *
 * @throws {RangeError} for a number that cannot be a pid
 * @throws {SystemError} EINVAL if it is too small for the kernel, EACCES without the privilege
 */
export function writePidMax(value: number, options: InOptions = {}): void {
  parse.pid(value, 'value');
  write(PID_MAX, value, options);
}

/** Returns the pid that the namespace has given out last. @see proc_sys_kernel(5) `ns_last_pid` */
export function readLastPid(options: InOptions = {}): number {
  return read(LAST_PID, options);
}

/**
 * Writes the pid that the namespace has given out last: the next process gets the next free pid.
 * Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the owner of the namespace, and a kernel that can
 * checkpoint. To be certain of a number use `setTid` of `pid()`.
 *
 * @throws {SystemError} ENOENT if the kernel was built without it, EPERM without the privilege
 */
export function writeLastPid(value: number, options: InOptions = {}): void {
  parse.pid(value, 'value');
  write(LAST_PID, value, options);
}
