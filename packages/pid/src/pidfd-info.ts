// Ids and credentials of the process behind a pidfd: by PIDFD_GET_INFO (Linux 6.13), before that by
// way of /proc.
import { readFileSync } from 'node:fs';
import { SystemError } from '@ns/core';
import { trySyscall } from '@ns/core/sys';

const ESRCH = 3;
const EINVAL = 22;
const ENOTTY = 25;

const PIDFD_GET_INFO = 0xc040_ff0b; // struct pidfd_info of 64 bytes
const INFO = { PID: 1n, CREDS: 2n, CGROUPID: 4n, EXIT: 8n } as const;
const SIZE = 64;

/** Ids of one kind that a process has. */
export interface Credentials {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  /** The id that file accesses are judged by. */
  readonly fileSystem: number;
}

/** Ids and credentials of a process, as its pidfd gives them. */
export interface ProcessInfo {
  /** The pid, or the thread id for the descriptor of a thread. */
  readonly pid: number;
  /** The pid of the process that a thread belongs to; of a process, its own. */
  readonly tgid: number;
  /** The pid of the parent; 0 if the parent is invisible. */
  readonly ppid: number;
  readonly uid: Credentials;
  readonly gid: Credentials;
  /** Id of the cgroup in the v2 tree, the inode of the directory; undefined before Linux 6.13. */
  readonly cgroupId?: bigint;
}

/** Returns struct pidfd_info with the answered bits; undefined if the kernel lacks the call. */
export function rawInfo(fd: number, wanted: bigint): DataView | undefined {
  const info = new DataView(new ArrayBuffer(SIZE));
  info.setBigUint64(0, wanted, true);
  const result = trySyscall('ioctl', fd, PIDFD_GET_INFO, info);
  if (result === -ENOTTY || result === -EINVAL) return undefined;
  if (result < 0) throw new SystemError(-result, 'ioctl', [fd, PIDFD_GET_INFO]);
  return info;
}

/** Returns the wait status that the kernel keeps for a pidfd once the process is reaped (6.15). */
export function keptStatus(fd: number): number | undefined {
  try {
    const info = rawInfo(fd, INFO.EXIT);
    if (info === undefined || (info.getBigUint64(0, true) & INFO.EXIT) === 0n) return undefined;
    return info.getInt32(60, true);
  } catch (error) {
    // Reaped, and nothing was kept: an older kernel.
    if (error instanceof SystemError && error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Returns the pid of the process; 0 if its namespace is invisible, -1 if it has been reaped. */
export function pidOfPidfd(fd: number): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  const pid = /^Pid:\s*(-?\d+)$/m.exec(text)?.[1];
  if (pid === undefined) throw new TypeError(`descriptor ${fd} is not a pidfd`);
  return Number(pid);
}

function fromStruct(info: DataView): ProcessInfo {
  const word = (index: number) => info.getUint32(16 + index * 4, true);
  const ids = (first: number): Credentials => ({
    real: word(first),
    effective: word(first + 2),
    saved: word(first + 4),
    fileSystem: word(first + 6),
  });
  const known = info.getBigUint64(0, true);
  return {
    pid: word(0),
    tgid: word(1),
    ppid: word(2),
    uid: ids(3),
    gid: ids(4),
    ...((known & INFO.CGROUPID) === 0n ? {} : { cgroupId: info.getBigUint64(8, true) }),
  };
}

/** Returns the same from the text of /proc/PID/status. */
export function infoFromStatus(text: string): ProcessInfo {
  const numbers = (name: string) => {
    const line = new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
    return line.split(/\s+/).map(Number);
  };
  const ids = (name: string): Credentials => {
    const [real = 0, effective = 0, saved = 0, fileSystem = 0] = numbers(name);
    return { real, effective, saved, fileSystem };
  };
  const [pid = 0] = numbers('Pid');
  const [tgid = 0] = numbers('Tgid');
  const [ppid = 0] = numbers('PPid');
  return { pid, tgid, ppid, uid: ids('Uid'), gid: ids('Gid') };
}

/** Reads /proc by pid, and checks afterwards that the process has not been reaped meanwhile. */
function fromProc(fd: number): ProcessInfo {
  const pid = pidOfPidfd(fd);
  if (pid > 0) {
    const info = infoFromStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (trySyscall('pidfd_send_signal', fd, 0, null, 0) !== -ESRCH) return info;
  }
  throw new SystemError(ESRCH, 'pidfd_send_signal', [fd, 0, null, 0]);
}

/** Returns ids and credentials of the process behind a pidfd. */
export function processInfo(fd: number): ProcessInfo {
  const info = rawInfo(fd, INFO.PID | INFO.CREDS | INFO.CGROUPID);
  return info === undefined ? fromProc(fd) : fromStruct(info);
}
