/**
 * `@ns/ipc`: System V IPC objects and POSIX message queues of an IPC namespace.
 *
 * @module @ns/ipc
 */
export type { CreateOptions } from './arguments.js';
export type { IpcLimits, LimitInput } from './limits.js';
export { readLimits, setLimits } from './limits.js';
export type {
  MessageQueueInfo,
  SemaphoreSetInfo,
  SharedMemoryInfo,
  SystemVObjects,
} from './list.js';
export { listObjects } from './list.js';
export type { Message, ReceiveOptions } from './message-queue.js';
export { MessageQueue } from './message-queue.js';
export type { PosixQueueInfo } from './posix-list.js';
export { listQueues } from './posix-list.js';
export type { CreateQueueOptions, PosixMessage } from './posix-queue.js';
export { PosixQueue } from './posix-queue.js';
export type { QueueAttributes } from './queue-attributes.js';
export type { SemaphoreOperation, SemaphoreState } from './semaphore-set.js';
export { SemaphoreSet } from './semaphore-set.js';
export type { Attachment } from './shared-memory.js';
export { SharedMemory } from './shared-memory.js';
export type { IpcSnapshot } from './snapshot.js';
export { snapshot } from './snapshot.js';
export type { IpcOptions } from './spec.js';
export { ipc } from './spec.js';
export type { Permissions } from './structures.js';
export type { InOptions } from './target.js';
export type { IpcUsage } from './usage.js';
export { readUsage } from './usage.js';
export type { WaitOptions } from './waiting.js';
