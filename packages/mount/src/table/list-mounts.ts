// Reads mount tables: of this thread, of a process, of a namespace without any process.
import type { InOptions, Namespace } from '@ns/core';
import { AT, type NamespaceTarget, Program, runProgramSync } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall } from '@ns/core/sys';
import { parseIn, withJoins } from '../run-in-namespace.js';
import { type MountInfo, parseMountinfo } from './mountinfo.js';

const POLLPRI = 2;
const RETRIES = 10;
const CHUNK = 1 << 16;
const SEEK_SET = 0;

/** Reads a file from its descriptor's offset to its end. */
function readAll(fd: number): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK);
    const length = syscall('read', fd, chunk, CHUNK);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, length));
  }
}

/** True if the table has changed since it was opened or last asked. */
function hasChanged(fd: number): boolean {
  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, fd, true);
  poll.setInt16(4, POLLPRI, true);
  syscall('ppoll', poll, 1, new Uint8Array(16), null, 0);
  return (poll.getInt16(6, true) & POLLPRI) !== 0;
}

/**
 * Reads an open mountinfo file. The kernel gives it in pieces, and mounts and unmounts between them can
 * hide lines, so a table that has changed meanwhile is read again.
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

function open(process: number | 'thread-self'): number {
  return syscall('openat', AT.FDCWD, `/proc/${process}/mountinfo`, O_CLOEXEC, 0);
}

/** Opens the table of a child that has joined the namespace, and waits meanwhile. */
function openInside(namespace: Namespace): number {
  let table = -1;
  const program = new Program();
  const step = 'reading the mount table';
  program.meet(
    ({ pid }) => {
      table = open(pid);
    },
    { step },
  );
  try {
    withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces }));
    return table;
  } catch (error) {
    if (table >= 0) closeFd(table);
    throw error;
  }
}

/** Opens a mountinfo file. It stays the table of that namespace, seen from that root. */
export function openTable(target: NamespaceTarget | undefined): number {
  if (target === undefined) return open('thread-self');
  return typeof target === 'number' ? open(target) : openInside(target);
}

/**
 * Lists the mounts of the calling thread's mount namespace or, with `in`, of another one, as far as its
 * root reaches, in the order in which they were made. A table that changes while it is read is read
 * again, at most 10 times.
 *
 * A pid needs the right to trace the process; a handle needs the privileges of entering it.
 *
 * @throws {SystemError} ENOENT without such a process, EACCES, EPERM
 * @see proc_pid_mountinfo(5), findmnt(8)
 */
export function listMounts(options: InOptions = {}): MountInfo[] {
  const fd = openTable(parseIn(options).in);
  try {
    return parseMountinfo(readTable(fd));
  } finally {
    closeFd(fd);
  }
}
