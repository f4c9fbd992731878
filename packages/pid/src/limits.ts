// Numbers that a pid namespace gives: the largest, and the last one. The kernel shows each process
// those of its own namespace, so another one's are read and written by a child in there.
import { constants } from 'node:fs';
import { AT, Program, runProgramSync, targetOf, withJoins, withTarget } from '@ns/core/authors';
import { assertPid } from './numbers.js';
import type { InOptions } from './processes.js';

const PID_MAX = '/proc/sys/kernel/pid_max';
const LAST_PID = '/proc/sys/kernel/ns_last_pid';
const ENOUGH = 32;

function runIn(options: InOptions, program: Program) {
  const target = targetOf(options);
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
 * The number that no process of the namespace reaches. Each namespace has its own from Linux 6.14
 * on; before, there is one for the machine.
 *
 * @see proc_sys_kernel(5)
 */
export function getPidMax(options: InOptions = {}): number {
  return read(PID_MAX, options);
}

/**
 * Sets it. In a namespace of its own from Linux 6.14 on; before, for the whole machine. Needs
 * CAP_SYS_ADMIN in the user namespace that owns the pid namespace.
 *
 * @throws {RangeError} for a number that cannot be one
 * @throws {SystemError} EINVAL if it is too small for the kernel, EACCES without the privilege
 */
export function setPidMax(value: number, options: InOptions = {}): void {
  assertPid(value, 'value');
  write(PID_MAX, value, options);
}

/** The number that was given last in the namespace. @see proc_sys_kernel(5) `ns_last_pid` */
export function getLastPid(options: InOptions = {}): number {
  return read(LAST_PID, options);
}

/**
 * Has the namespace go on after this number: the next process gets the one above, if it is free.
 * Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the owner of the namespace, and a kernel that can
 * checkpoint. To be certain of a number use `setTid` of `pid()`.
 *
 * @throws {SystemError} ENOENT if the kernel was built without it, EPERM without the privilege
 */
export function setLastPid(value: number, options: InOptions = {}): void {
  assertPid(value, 'value');
  write(LAST_PID, value, options);
}
