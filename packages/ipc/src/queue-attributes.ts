// Capacity and number of messages of a POSIX message queue.
import { syscall } from '@ns/core/sys';

/** Capacity of a queue and its number of messages. @see mq_getattr(3) */
export interface QueueAttributes {
  /** Most messages that the queue holds. */
  readonly maxMessages: number;
  /** Most bytes of a message. */
  readonly messageSize: number;
  /** Number of messages in the queue. */
  readonly messages: number;
}

/** Reads the attributes of an open queue. */
export function readAttributes(fd: number): QueueAttributes {
  const memory = new BigInt64Array(8); // struct mq_attr
  syscall('mq_getsetattr', fd, null, memory);
  return {
    maxMessages: Number(memory[1]),
    messageSize: Number(memory[2]),
    messages: Number(memory[3]),
  };
}
