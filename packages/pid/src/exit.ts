// How a process has ended, for whoever holds its pidfd, without reaping it.
import { readFileSync, readlinkSync } from 'node:fs';
import { decodeStatus, statusIfEnded, trySyscall } from '@ns/core/sys';
import { keptStatus, pidOfPidfd } from './info.js';

const ESRCH = 3;

/** How a process ended. Both null: the kernel does not tell the caller. */
export interface ProcessExit {
  /** Exit code, or null if a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
  /** Whether it left a core dump. */
  readonly coreDumped: boolean;
}

/** What is said of a process whose end nobody tells us about. */
export const unknownExit: ProcessExit = Object.freeze({
  code: null,
  signal: null,
  coreDumped: false,
});

/**
 * Looks at somebody else's zombie in /proc. The status is shown to whoever may trace it; the others
 * see 0, so the right is asked for by another file: of a zombie `exe` is missing, if one may know.
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
  // The number was its own all the while if the process has not been reaped by now.
  if (fields[0] !== 'Z' || trySyscall('pidfd_send_signal', fd, 0, null, 0) === -ESRCH) {
    return undefined;
  }
  return decodeStatus(status);
}

/** How the process ended, if it has and the kernel tells. */
export function exitOf(fd: number): ProcessExit | undefined {
  const status = keptStatus(fd);
  if (status !== undefined) return decodeStatus(status);
  return statusIfEnded(fd) ?? ofZombie(fd);
}
