// Size and filling of a POSIX message queue.
import { syscall } from '@ns/core/sys';

/** Size and filling of a queue. @see mq_getattr(3) */
export interface QueueAttributes {
  /** Most messages that it holds. */
  readonly maxMessages: number;
  /** Most bytes of a message. */
  readonly messageSize: number;
  /** Messages in it. */
  readonly messages: number;
}

/** Those of an open queue. */
export function readAttributes(fd: number): QueueAttributes {
  const memory = new BigInt64Array(8); // struct mq_attr
  syscall('mq_getsetattr', fd, null, memory);
  return {
    maxMessages: Number(memory[1]),
    messageSize: Number(memory[2]),
    messages: Number(memory[3]),
  };
}
