// Lists of all System V objects of a namespace, from /proc/sysvipc, which shows them even to a
// reader without permission to use them.
import type { InOptions } from '@ns/core';
import { parseIn } from './object-options.js';
import { readFileIn } from './proc-files.js';
import { dateOf, type Permissions } from './structures.js';

/** A shared memory segment. @see shmctl(2) */
export interface SharedMemoryInfo extends Permissions {
  readonly id: number;
  /** Bytes. */
  readonly size: number;
  /** Number of attachments. */
  readonly attachments: number;
  /** The process that created it, and the last that attached or detached it. */
  readonly creatorPid: number;
  readonly lastPid: number;
  /** Times of the last attach, detach and change; undefined for never. */
  readonly attached: Date | undefined;
  readonly detached: Date | undefined;
  readonly changed: Date | undefined;
}

/** A set of semaphores. @see semctl(2) */
export interface SemaphoreSetInfo extends Permissions {
  readonly id: number;
  /** Number of semaphores. */
  readonly count: number;
  /** Times of the last semop(2) and change; undefined for never. */
  readonly operated: Date | undefined;
  readonly changed: Date | undefined;
}

/** A message queue. @see msgctl(2) */
export interface MessageQueueInfo extends Permissions {
  readonly id: number;
  /** Number of messages. */
  readonly messages: number;
  /** Bytes of these messages. */
  readonly bytes: number;
  /** Processes that last sent and received; 0 for none. */
  readonly lastSenderPid: number;
  readonly lastReceiverPid: number;
  /** Times of the last send, receive and change; undefined for never. */
  readonly sent: Date | undefined;
  readonly received: Date | undefined;
  readonly changed: Date | undefined;
}

type Row = (column: string) => number;

/** Splits a file of /proc/sysvipc. Columns are found by their names, since newer kernels add some. */
function rowsOf(text: string): Row[] {
  const [header = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const columns = header.trim().split(/\s+/);
  return lines.map((line) => {
    const fields = line.trim().split(/\s+/);
    return (column) => {
      const field = fields[columns.indexOf(column)];
      if (field === undefined) throw new TypeError(`/proc/sysvipc: no column ${column}`);
      return Number.parseInt(field, column === 'perms' ? 8 : 10);
    };
  });
}

function permissionsOf(row: Row): Permissions {
  return {
    key: row('key') >>> 0,
    uid: row('uid'),
    gid: row('gid'),
    cuid: row('cuid'),
    cgid: row('cgid'),
    mode: row('perms') & 0o777,
  };
}

/** Parses the text of /proc/sysvipc/shm. */
export function parseSharedMemory(text: string): SharedMemoryInfo[] {
  return rowsOf(text).map((row) => ({
    id: row('shmid'),
    ...permissionsOf(row),
    size: row('size'),
    attachments: row('nattch'),
    creatorPid: row('cpid'),
    lastPid: row('lpid'),
    attached: dateOf(row('atime')),
    detached: dateOf(row('dtime')),
    changed: dateOf(row('ctime')),
  }));
}

/** Parses the text of /proc/sysvipc/sem. */
export function parseSemaphoreSets(text: string): SemaphoreSetInfo[] {
  return rowsOf(text).map((row) => ({
    id: row('semid'),
    ...permissionsOf(row),
    count: row('nsems'),
    operated: dateOf(row('otime')),
    changed: dateOf(row('ctime')),
  }));
}

/** Parses the text of /proc/sysvipc/msg. */
export function parseMessageQueues(text: string): MessageQueueInfo[] {
  return rowsOf(text).map((row) => ({
    id: row('msqid'),
    ...permissionsOf(row),
    messages: row('qnum'),
    bytes: row('cbytes'),
    lastSenderPid: row('lspid'),
    lastReceiverPid: row('lrpid'),
    sent: dateOf(row('stime')),
    received: dateOf(row('rtime')),
    changed: dateOf(row('ctime')),
  }));
}

/** The System V objects of an IPC namespace. */
export interface SystemVObjects {
  readonly sharedMemory: SharedMemoryInfo[];
  readonly semaphoreSets: SemaphoreSetInfo[];
  readonly messageQueues: MessageQueueInfo[];
}

/**
 * Returns all System V objects of an IPC namespace, of all users. Ids of users and processes are those
 * in the caller's namespaces.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see sysvipc(7), ipcs(1), lsipc(1)
 */
export function listObjects(options: InOptions = {}): SystemVObjects {
  const { in: target } = parseIn(options);
  const read = (name: string) => readFileIn(target, `/proc/sysvipc/${name}`);
  return {
    sharedMemory: parseSharedMemory(read('shm')),
    semaphoreSets: parseSemaphoreSets(read('sem')),
    messageQueues: parseMessageQueues(read('msg')),
  };
}
