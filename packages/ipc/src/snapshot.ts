// Everything that is in an IPC namespace.
import { isSystemError } from '@ns/core';
import { targetOf } from '@ns/core/authors';
import { type IpcLimits, readLimits } from './limits.js';
import { listObjects, type SystemVObjects } from './list.js';
import { listQueues, type PosixQueueInfo } from './posix-list.js';
import type { InOptions } from './target.js';
import { type IpcUsage, readUsage } from './usage.js';

/** What is in an IPC namespace: plain data. */
export interface IpcSnapshot extends SystemVObjects {
  /** The POSIX message queues; undefined if the caller may not see them. */
  readonly posixQueues: PosixQueueInfo[] | undefined;
  readonly limits: Partial<IpcLimits>;
  readonly usage: IpcUsage;
}

function visibleQueues(options: InOptions): PosixQueueInfo[] | undefined {
  try {
    return listQueues(options);
  } catch (error) {
    // The only list is a mount, which takes privilege in the caller's own namespace.
    if (targetOf(options) === undefined && isSystemError(error, 'EPERM')) return undefined;
    throw error;
  }
}

/**
 * Everything that is in an IPC namespace: its objects, its limits, and how much of them is used.
 * The kernel gives it piece by piece, so what changes meanwhile may be in one and not in another.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see ipcs(1), lsipc(1)
 */
export function snapshot(options: InOptions = {}): IpcSnapshot {
  targetOf(options);
  return {
    ...listObjects(options),
    posixQueues: visibleQueues(options),
    limits: readLimits(options),
    usage: readUsage(options),
  };
}
