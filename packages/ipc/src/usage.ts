// Usage of an IPC namespace, to compare with its limits.
import type { InOptions } from '@ns/core';
import { callIn } from '@ns/core/authors';
import { parseIn } from './object-options.js';

/** Usage of an IPC namespace, in the units of its limits. */
export interface IpcUsage {
  /** Shared memory segments, against the limit shmmni. */
  readonly segments: number;
  /** Pages of all of them, against shmall. */
  readonly pages: number;
  /** Semaphore sets, against semmni. */
  readonly semaphoreSets: number;
  /** Semaphores of all of them, against semmns. */
  readonly semaphores: number;
  /** System V message queues, against msgmni. */
  readonly messageQueues: number;
  /** Messages in all of them, and their bytes. */
  readonly messages: number;
  readonly messageBytes: number;
}

const SHM_INFO = 14;
const SEM_INFO = 19;
const MSG_INFO = 12;
/** More than the largest of struct shm_info, seminfo and msginfo. */
const SIZE = 64;

/**
 * Returns the usage of an IPC namespace.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see shmctl(2) SHM_INFO, semctl(2) SEM_INFO, msgctl(2) MSG_INFO, lsipc(1)
 */
export function readUsage(options: InOptions = {}): IpcUsage {
  const { in: target } = parseIn(options);
  const [shm, sem, msg] = [Buffer.alloc(SIZE), Buffer.alloc(SIZE), Buffer.alloc(SIZE)] as const;
  callIn('ipc', target, 'shmctl', 0, SHM_INFO, shm);
  callIn('ipc', target, 'semctl', 0, 0, SEM_INFO, sem);
  callIn('ipc', target, 'msgctl', 0, MSG_INFO, msg);
  return {
    segments: shm.readInt32LE(0),
    pages: Number(shm.readBigUInt64LE(8)),
    semaphoreSets: sem.readInt32LE(28),
    semaphores: sem.readInt32LE(36),
    messageQueues: msg.readInt32LE(0),
    messages: msg.readInt32LE(4),
    messageBytes: msg.readInt32LE(24),
  };
}
