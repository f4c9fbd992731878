// The exit of a process behind a pidfd, read without reaping it.
import { readFileSync, readlinkSync } from 'node:fs';
import { decodeStatus, type ExitStatus, statusIfEnded, trySyscall } from '@ns/core/sys';
import { keptStatus, pidOfPidfd } from './pidfd-info.js';

const ESRCH = 3;

/** The exit of a process. Code and signal are both null if the kernel hides it from the caller. */
export interface ProcessExit extends ExitStatus {}

/** The exit of a process that the kernel hides from the caller. */
export const unknownExit: ProcessExit = Object.freeze({
  code: null,
  signal: null,
  coreDumped: false,
});

/**
 * Reads the status of another process's zombie in /proc. A caller that may not trace it reads 0. The
 * right is seen at another file: the `exe` of a zombie is missing, and EACCES without the right.
 */
function ofZombie(fd: number): ProcessExit | undefined {
  const pid = pidOfPidfd(fd);
  if (pid <= 0) return undefined;
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return undefined;
  }
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // reaped meanwhile
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ');
  const status = Number(fields[49]);
  // The pid cannot have been reused if the process has not been reaped by now.
  if (fields[0] !== 'Z' || trySyscall('pidfd_send_signal', fd, 0, null, 0) === -ESRCH) {
    return undefined;
  }
  return decodeStatus(status);
}

/** Returns the exit of the process; undefined if it is alive, or hidden from the caller. */
export function exitOf(fd: number): ProcessExit | undefined {
  const status = keptStatus(fd);
  if (status !== undefined) return decodeStatus(status);
  return statusIfEnded(fd) ?? ofZombie(fd);
}
