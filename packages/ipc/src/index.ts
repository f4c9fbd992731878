/**
 * `@ns/ipc`: System V IPC objects and POSIX message queues of an IPC namespace.
 *
 * @module @ns/ipc
 */
export type { WaitOptions } from './blocking-wait.js';
export type { IpcLimits, LimitInput, LimitsToWrite } from './limits.js';
export { readLimits, writeLimits } from './limits.js';
export type {
  MessageQueueInfo,
  SemaphoreSetInfo,
  SharedMemoryInfo,
  SystemVObjects,
} from './list-objects.js';
export { listObjects } from './list-objects.js';
export type { PosixQueueInfo } from './list-queues.js';
export { listQueues } from './list-queues.js';
export type { Message, QueueChanges, ReceiveOptions } from './message-queue.js';
export { MessageQueue } from './message-queue.js';
export type { CreateOptions } from './object-options.js';
export type { CreateQueueOptions, PosixMessage, SendOptions } from './posix-queue.js';
export { PosixQueue } from './posix-queue.js';
export type { QueueAttributes } from './queue-attributes.js';
export type { IpcSnapshot } from './read-snapshot.js';
export { readSnapshot } from './read-snapshot.js';
export type { SemaphoreOperation, SemaphoreState } from './semaphore-set.js';
export { SemaphoreSet } from './semaphore-set.js';
export type { Attachment } from './shared-memory.js';
export { SharedMemory } from './shared-memory.js';
export type { IpcOptions } from './spec.js';
export { ipc } from './spec.js';
export type { PermissionChanges, Permissions } from './structures.js';
export { SystemVObject } from './system-v-object.js';
export type { IpcUsage } from './usage.js';
export { readUsage } from './usage.js';
