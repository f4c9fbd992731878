// Reads mount tables: of this thread, of a process, of a namespace without any process.
import { Namespace } from '@ns/core';
import { AT, assertKeys, ownOptions, Program, runProgramSync } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall } from '@ns/core/sys';
import { assertPlace, type Place, withHandles } from '../perform.js';
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

function open(process: number | 'thread-self'): number {
  return syscall('openat', AT.FDCWD, `/proc/${process}/mountinfo`, O_CLOEXEC, 0);
}

/** The table of a namespace is that of a child which has joined it, and waits until we have it. */
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
    withHandles(namespace, (namespaces) => runProgramSync(program, { namespaces }));
    return table;
  } catch (error) {
    if (table >= 0) closeFd(table);
    throw error;
  }
}

/** Opens a mountinfo file. It stays the table of that namespace, seen from that root. */
export function openTable(options: Place): number {
  assertPlace(options);
  const { in: place } = ownOptions(options);
  if (place === undefined) return open('thread-self');
  if (Namespace.isNamespace(place)) return openInside(place);
  return open(place);
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
export function mountinfo(place: Place = {}): MountInfo[] {
  assertKeys(place, ['in'], 'options');
  const fd = openTable(place);
  try {
    return parseMountinfo(readTable(fd));
  } finally {
    closeFd(fd);
  }
}
