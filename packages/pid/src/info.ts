// What the kernel tells about the process behind a pidfd: PIDFD_GET_INFO (Linux 6.13), before that
// by way of /proc.
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
  /** The one that file accesses are judged by. */
  readonly fileSystem: number;
}

/** A process, as the kernel describes it to the holder of its pidfd. */
export interface ProcessInfo {
  /** Its number, or the thread's for the descriptor of a thread. */
  readonly pid: number;
  /** The number of the process that it belongs to: its own, unless it is a thread. */
  readonly tgid: number;
  /** Its parent's number; 0 if the parent is out of sight. */
  readonly ppid: number;
  readonly uid: Credentials;
  readonly gid: Credentials;
  /** Id of its cgroup in the v2 tree, the inode of the directory; undefined before Linux 6.13. */
  readonly cgroupId?: bigint;
}

/** struct pidfd_info, with the bits that the kernel has answered; undefined if it lacks the call. */
export function rawInfo(fd: number, wanted: bigint): DataView | undefined {
  const info = new DataView(new ArrayBuffer(SIZE));
  info.setBigUint64(0, wanted, true);
  const result = trySyscall('ioctl', fd, PIDFD_GET_INFO, info);
  if (result === -ENOTTY || result === -EINVAL) return undefined;
  if (result < 0) throw new SystemError(-result, 'ioctl', [fd, PIDFD_GET_INFO]);
  return info;
}

/** The wait status that the kernel keeps for holders of a pidfd once the process is reaped (6.15). */
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

/** The number of the process; 0 if it is in a namespace out of sight, -1 if it has been reaped. */
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

/** The same from /proc/PID/status. */
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

/** By number, and only if that has been the process's own all the while. */
function fromProc(fd: number): ProcessInfo {
  const pid = pidOfPidfd(fd);
  if (pid > 0) {
    const info = infoFromStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (trySyscall('pidfd_send_signal', fd, 0, null, 0) !== -ESRCH) return info;
  }
  throw new SystemError(ESRCH, 'pidfd_send_signal', [fd, 0, null, 0]);
}

/** What is known about the process behind a pidfd. */
export function processInfo(fd: number): ProcessInfo {
  const info = rawInfo(fd, INFO.PID | INFO.CREDS | INFO.CGROUPID);
  return info === undefined ? fromProc(fd) : fromStruct(info);
}
