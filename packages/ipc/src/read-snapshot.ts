// Objects, limits and usage of an IPC namespace, as plain data.
import { type InOptions, isSystemError } from '@ns/core';
import { type IpcLimits, readLimits } from './limits.js';
import { listObjects, type SystemVObjects } from './list-objects.js';
import { listQueues, type PosixQueueInfo } from './list-queues.js';
import { parseIn } from './object-options.js';
import { type IpcUsage, readUsage } from './usage.js';

/** Objects, limits and usage of an IPC namespace. */
export interface IpcSnapshot extends SystemVObjects {
  /** The POSIX message queues; undefined if they are hidden from the caller. */
  readonly posixQueues: PosixQueueInfo[] | undefined;
  readonly limits: Partial<IpcLimits>;
  readonly usage: IpcUsage;
}

function visibleQueues(options: InOptions): PosixQueueInfo[] | undefined {
  try {
    return listQueues(options);
  } catch (error) {
    // The only list is a mount, which takes privilege in the caller's own namespace.
    if (options.in === undefined && isSystemError(error, 'EPERM')) return undefined;
    throw error;
  }
}

/**
 * Returns objects, limits and usage of an IPC namespace. They are read one after the other, so that an
 * object that is created meanwhile may be in one part only.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see ipcs(1), lsipc(1)
 */
export function readSnapshot(options: InOptions = {}): IpcSnapshot {
  const parsed = parseIn(options);
  return readParsed(parsed.in === undefined ? {} : { in: parsed.in });
}

function readParsed(options: InOptions): IpcSnapshot {
  return {
    ...listObjects(options),
    posixQueues: visibleQueues(options),
    limits: readLimits(options),
    usage: readUsage(options),
  };
}
