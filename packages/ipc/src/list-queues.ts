// All POSIX message queues: the kernel shows their names in a file system of type mqueue only, and
// their state to processes that may open them.
import { constants, existsSync, fstatSync, readdirSync, statfsSync } from 'node:fs';
import { type InOptions, isSystemError, type Namespace } from '@ns/core';
import { type NamespaceTarget, openIn, Program, runProgramSync, workIn } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall } from '@ns/core/sys';
import { parseIn } from './object-options.js';
import { type QueueAttributes, readAttributes } from './queue-attributes.js';

const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const MQUEUE_MAGIC = 0x1980_0202;
const DEFAULT_MOUNT = '/dev/mqueue';
const CHUNK = 32768;

/** Lists the names in a detached mount of the calling thread's queues. */
function listHere(): string[] {
  const context = syscall('fsopen', 'mqueue', FSOPEN_CLOEXEC);
  try {
    syscall('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
    const mount = syscall('fsmount', context, FSMOUNT_CLOEXEC, 0);
    try {
      return readdirSync(`/proc/self/fd/${mount}`);
    } finally {
      closeFd(mount);
    }
  } finally {
    closeFd(context);
  }
}

/** Returns the names in struct linux_dirent64, without those of the directory and its parent. */
export function parseEntries(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  for (let at = 0; at < buffer.length; at += buffer.readUInt16LE(at + 16)) {
    const name = buffer.subarray(at + 19, buffer.indexOf(0, at + 19)).toString();
    if (name !== '.' && name !== '..') names.push(name);
  }
  return names;
}

/** Lists the names in a child, whose new mount namespace allows it to mount. */
function listInChild(handles: readonly Namespace[], chunks: number): string[] {
  const program = new Program();
  const context = program.call('fsopen', 'mqueue', FSOPEN_CLOEXEC);
  program.call('fsconfig', context, FSCONFIG_CMD_CREATE, null, null, 0);
  const mount = program.call('fsmount', context, FSMOUNT_CLOEXEC, 0);
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC;
  const directory = program.call('openat', mount, '.', flags, 0);
  const reads = Array.from({ length: chunks }, () =>
    program.call('getdents64', directory, new Uint8Array(CHUNK), CHUNK),
  );
  const results = runProgramSync(program, { namespaces: [...handles, { type: 'mount' }] });
  const parts = reads.map((read) => results.bytesOf(read, 1).subarray(0, results.resultOf(read)));
  if (parts.at(-1)?.length !== 0) return listInChild(handles, chunks * 8);
  return parts.flatMap((part) => parseEntries(part));
}

/** A POSIX message queue. If the caller may not read it, only the name is known. */
export interface PosixQueueInfo extends Partial<QueueAttributes> {
  /** The name with a slash before it, as mq_open(3) takes it. */
  readonly name: string;
  /** The creator. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Permission bits. */
  readonly mode?: number | undefined;
}

function namesIn(target: NamespaceTarget | undefined): string[] {
  return workIn('ipc', target, {
    entered: () => {
      try {
        return listHere();
      } catch (error) {
        const isMounted = () =>
          existsSync(DEFAULT_MOUNT) && statfsSync(DEFAULT_MOUNT).type === MQUEUE_MAGIC;
        if (target !== undefined || !isSystemError(error, 'EPERM') || !isMounted()) throw error;
        return readdirSync(DEFAULT_MOUNT);
      }
    },
    joined: (handles) => listInChild(handles, 2),
  });
}

/** Returns the state of a queue; undefined if it has been removed. */
function infoOf(bare: string, target: NamespaceTarget | undefined): PosixQueueInfo | undefined {
  const name = `/${bare}`;
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | O_CLOEXEC;
  let fd: number;
  try {
    fd = openIn('ipc', target, 'mq_open', bare, flags, 0, null);
  } catch (error) {
    if (isSystemError(error, 'EACCES')) return { name };
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const { uid, gid, mode } = fstatSync(fd);
    return { name, uid, gid, mode: mode & 0o777, ...readAttributes(fd) };
  } finally {
    closeFd(fd);
  }
}

/**
 * Returns all POSIX message queues of an IPC namespace, sorted by name. Each is opened for reading,
 * which leaves it unchanged. Of a queue that the caller may not read, only the name is returned.
 * Without privilege in the calling thread's namespace, the list is that of the mount at /dev/mqueue.
 *
 * @throws {SystemError} EPERM if the namespace may not be joined, or without privilege and mount
 * @see mq_overview(7), mq_getattr(3)
 */
export function listQueues(options: InOptions = {}): PosixQueueInfo[] {
  const { in: target } = parseIn(options);
  return namesIn(target)
    .sort()
    .flatMap((bare) => infoOf(bare, target) ?? []);
}
