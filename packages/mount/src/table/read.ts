// Reads mount tables: of this thread, of a process, of a namespace without any process.
import { closeSync, constants, openSync } from 'node:fs';
import { type Namespace, Program, runProgramSync } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall } from '@ns/core/sys';
import { type Place, withHandles } from '../perform.js';
import { type MountInfo, parseMountinfo } from './mountinfo.js';

const POLLPRI = 2;
const RETRIES = 10;
const CHUNK = 1 << 16;
const SEEK_SET = 0;

/** Everything from a descriptor's offset on. */
function readAll(fd: number): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK);
    const length = syscall('read', fd, chunk, CHUNK);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, length));
  }
}

/** Whether the table has changed since it was opened or last asked. */
export function hasChanged(fd: number): boolean {
  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, fd, true);
  poll.setInt16(4, POLLPRI, true);
  syscall('ppoll', poll, 1, new Uint8Array(16), null, 0);
  return (poll.getInt16(6, true) & POLLPRI) !== 0;
}

/**
 * The text behind an open mountinfo file. It comes in pieces, and what others mount and unmount between
 * them can hide lines, so a table that has changed meanwhile is read again.
 */
export function readTable(fd: number): string {
  let text = '';
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    syscall('lseek', fd, 0, SEEK_SET);
    text = readAll(fd).toString();
    if (!hasChanged(fd)) break;
  }
  return text;
}

/** Opens the mountinfo of the calling thread or of a process. */
export function openTable(pid: number | undefined): number {
  return openSync(`/proc/${pid ?? 'thread-self'}/mountinfo`, constants.O_RDONLY);
}

/**
 * The table of a namespace, copied by a child that joins it. It opens this process's /proc, since the
 * namespace may have none, or a false one.
 */
function readInside(namespace: Namespace): string {
  const proc = openSync('/proc', constants.O_RDONLY | constants.O_DIRECTORY);
  const memory = syscall('memfd_create', 'ns-mountinfo', 1 /* MFD_CLOEXEC */);
  try {
    const program = new Program();
    const flags = constants.O_RDONLY | O_CLOEXEC;
    const step = 'reading the mount table';
    const directory = program.descriptor(proc);
    const table = program.call('openat', directory, 'self/mountinfo', flags, 0, { step });
    program.call('sendfile', program.descriptor(memory), table, null, 0x7fff_f000, { step });
    withHandles(namespace, (namespaces) => runProgramSync(program, { namespaces }));
    syscall('lseek', memory, 0, SEEK_SET);
    return readAll(memory).toString();
  } finally {
    closeFd(memory);
    closeSync(proc);
  }
}

/**
 * The mounts of the calling thread's mount namespace or, with `in`, of another one, as far as its
 * root reaches; in the order in which they were made. A table that changes while it is read is read
 * again, at most 10 times.
 *
 * For the calling thread no privilege is needed; for a pid, the right to trace it; for a handle, as
 * for entering it.
 *
 * @throws {SystemError} ENOENT without such a process, EACCES, EPERM
 * @see proc_pid_mountinfo(5), findmnt(8)
 */
export function mountinfo({ in: place }: Place = {}): MountInfo[] {
  if (place !== undefined && typeof place !== 'number') return parseMountinfo(readInside(place));
  const fd = openTable(place);
  try {
    return parseMountinfo(readTable(fd));
  } finally {
    closeSync(fd);
  }
}
