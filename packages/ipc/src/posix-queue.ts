// POSIX message queues: mq_open(3), mq_send(3), mq_receive(3). A queue is a file descriptor, so the
// event loop can wait for it.
import { constants } from 'node:fs';
import { isSystemError } from '@ns/core';
import { assertKeys, callIn, openIn, ownOptions, targetOf } from '@ns/core/authors';
import { closeFd, duplicate, O_CLOEXEC, syscall, watch } from '@ns/core/sys';
import { assertInteger } from './arguments.js';
import { type QueueAttributes, readAttributes } from './queue-attributes.js';
import type { InOptions } from './target.js';
import { checkWait, type WaitOptions, waitUntil } from './waiting.js';

const PRIORITY_MAX = 32767;
const NAME_MAX = 255;

/** How a queue is made. */
export interface CreateQueueOptions extends InOptions {
  /** Permission bits; the umask applies. Default: 0o600. */
  mode?: number;
  /** Most messages that it holds. Default: the limit msg_default. */
  maxMessages?: number;
  /** Most bytes of a message. Default: the limit msgsize_default. */
  messageSize?: number;
  /** Fail if there is one with this name already, instead of taking that. Default: true. */
  exclusive?: boolean;
}

/** A message of a POSIX queue. */
export interface PosixMessage {
  /** 0 to 32767; higher ones come first. */
  readonly priority: number;
  readonly data: Buffer;
}

/** The name as the kernel takes it: without the slash that mq_open(3) wants. */
function kernelName(name: string): string {
  if (typeof name !== 'string') throw new TypeError(`name must be a string: ${String(name)}`);
  const bare = name.startsWith('/') ? name.slice(1) : name;
  if (bare === '' || bare === '.' || bare === '..' || /[/\0]/.test(bare)) {
    throw new TypeError(`name must be one file name, with or without a slash before it: ${name}`);
  }
  if (Buffer.byteLength(bare) > NAME_MAX) {
    throw new RangeError(`name must have at most ${NAME_MAX} bytes: ${name}`);
  }
  return bare;
}

function openQueue(
  name: string,
  flags: number,
  mode: number,
  attributes: BigInt64Array | null,
  target: InOptions['in'],
): number {
  const all = constants.O_RDWR | constants.O_NONBLOCK | O_CLOEXEC | flags;
  return openIn('ipc', target, 'mq_open', name, all, mode, attributes);
}

const forgotten = new FinalizationRegistry<number>((fd) => {
  closeFd(fd);
  process.emitWarning('a PosixQueue was not closed: call close() or declare it with `using`');
});

/**
 * An open POSIX message queue. The queue exists until it is unlinked, or its namespace ends.
 *
 * @see mq_overview(7)
 * @example
 * using queue = PosixQueue.create('/jobs');
 * await queue.send('first', { priority: 3 });
 * for await (const { data } of queue) console.log(data.toString());
 */
export class PosixQueue implements Disposable {
  readonly #fd: number;
  #closed = false;

  private constructor(fd: number) {
    this.#fd = fd;
    forgotten.register(this, fd, this);
  }

  /**
   * Makes a queue, or with `exclusive: false` opens the one with this name.
   *
   * @param name as mq_open(3) wants it, `/jobs`, or without the slash
   * @throws {SystemError} EEXIST if the name is taken, EINVAL beyond the limits msg_max and
   *   msgsize_max, ENOSPC at the limit queues_max, EMFILE beyond RLIMIT_MSGQUEUE
   * @see mq_open(3)
   */
  static create(name: string, options: CreateQueueOptions = {}): PosixQueue {
    const names = ['mode', 'maxMessages', 'messageSize', 'exclusive', 'in'];
    assertKeys(options, names, 'options');
    const {
      mode = 0o600,
      maxMessages,
      messageSize,
      exclusive = true,
      in: target,
    } = ownOptions(options);
    const bare = kernelName(name);
    assertInteger(mode, 'mode', 0, 0o777);
    if (typeof exclusive !== 'boolean') {
      throw new TypeError(`exclusive must be a boolean: ${String(exclusive)}`);
    }
    if ((maxMessages === undefined) !== (messageSize === undefined)) {
      throw new TypeError('maxMessages and messageSize must be given together');
    }
    let attributes: BigInt64Array | null = null;
    if (maxMessages !== undefined && messageSize !== undefined) {
      assertInteger(maxMessages, 'maxMessages', 1, 0x7fff_ffff);
      assertInteger(messageSize, 'messageSize', 1, 0x7fff_ffff);
      attributes = new BigInt64Array(8);
      attributes[1] = BigInt(maxMessages);
      attributes[2] = BigInt(messageSize);
    }
    const flags = constants.O_CREAT | (exclusive ? constants.O_EXCL : 0);
    return new PosixQueue(openQueue(bare, flags, mode, attributes, target));
  }

  /**
   * Opens the queue with this name, to read and write.
   *
   * @throws {SystemError} ENOENT if there is none, EACCES without the permission
   * @see mq_open(3)
   */
  static open(name: string, options: InOptions = {}): PosixQueue {
    const target = targetOf(options);
    return new PosixQueue(openQueue(kernelName(name), 0, 0, null, target));
  }

  /**
   * Removes the name; the queue ends when nobody has it open.
   *
   * @throws {SystemError} ENOENT if there is none, EPERM for those who do not own it
   * @see mq_unlink(3)
   */
  static unlink(name: string, options: InOptions = {}): void {
    const target = targetOf(options);
    callIn('ipc', target, 'mq_unlink', kernelName(name));
  }

  /** The descriptor, to be passed to a child. It is non-blocking. */
  get fd(): number {
    if (this.#closed) throw new Error('the queue is closed');
    return this.#fd;
  }

  /** Size and filling. @see mq_getattr(3) */
  attributes(): QueueAttributes {
    return readAttributes(this.fd);
  }

  /**
   * Sends a message if there is room for it now.
   *
   * @returns whether it was sent
   * @throws {SystemError} EMSGSIZE if it is longer than the queue takes
   * @see mq_send(3)
   */
  trySend(data: string | Uint8Array, options: { priority?: number } = {}): boolean {
    assertKeys(options, ['priority'], 'options');
    const { priority = 0 } = ownOptions(options);
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      throw new TypeError(`data must be a string or bytes: ${String(data)}`);
    }
    assertInteger(priority, 'priority', 0, PRIORITY_MAX);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    try {
      syscall('mq_timedsend', this.fd, bytes, bytes.length, priority, null);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /** Takes the oldest message of the highest priority, if there is one now. @see mq_receive(3) */
  tryReceive(): PosixMessage | undefined {
    const data = Buffer.allocUnsafeSlow(this.attributes().messageSize);
    const priority = new Uint32Array(1);
    try {
      const size = syscall('mq_timedreceive', this.fd, data, data.length, priority, null);
      return { priority: priority[0] as number, data: data.subarray(0, size) };
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return undefined;
      throw error;
    }
  }

  #ready(events: { readable?: boolean; writable?: boolean }, options: WaitOptions): Promise<void> {
    return waitUntil((done) => {
      // A descriptor of its own: the event loop takes each only once.
      const fd = duplicate(this.fd);
      const handle = watch(fd, events, done);
      return () => {
        handle.close();
        closeFd(fd);
      };
    }, options);
  }

  /**
   * Sends a message, as soon as there is room for it.
   *
   * @throws {SystemError} EMSGSIZE if it is longer than the queue takes
   * @see mq_send(3)
   */
  async send(
    data: string | Uint8Array,
    options: { priority?: number } & WaitOptions = {},
  ): Promise<void> {
    checkWait(options, ['priority']);
    const { priority } = ownOptions(options);
    const wanted = priority === undefined ? {} : { priority };
    while (!this.trySend(data, wanted)) await this.#ready({ writable: true }, options);
  }

  /** Takes the oldest message of the highest priority, as soon as there is one. @see mq_receive(3) */
  async receive(options: WaitOptions = {}): Promise<PosixMessage> {
    checkWait(options);
    for (;;) {
      const message = this.tryReceive();
      if (message) return message;
      await this.#ready({ readable: true }, options);
    }
  }

  /** Takes messages as they come, until the loop is left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PosixMessage, never> {
    for (;;) yield await this.receive();
  }

  /** Closes the descriptor; the queue stays. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    closeFd(this.#fd);
  }

  /** As {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
