// POSIX message queues: mq_open(3), mq_send(3), mq_receive(3). A queue is a file descriptor, so the
// event loop can wait for it.

import { constants } from 'node:fs';
import { type InOptions, isSystemError, type Size } from '@ns/core';
import {
  callIn,
  inNamespace,
  type Members,
  type NamespaceTarget,
  openIn,
  type Parser,
  parse,
} from '@ns/core/authors';
import { closeFd, duplicate, O_CLOEXEC, syscall, watch } from '@ns/core/sys';
import { parseWait, type WaitOptions, waitMembers, waitUntil, withEnd } from './blocking-wait.js';
import { type HeldNamespace, withHeld } from './held-namespace.js';
import { bytes, mode, parseIn } from './object-options.js';
import { type QueueAttributes, readAttributes } from './queue-attributes.js';

const PRIORITY_MAX = 32767;
const NAME_MAX = 255;

/** Options of {@link PosixQueue.create}. */
export interface CreateQueueOptions extends InOptions {
  /** Permission bits; the umask applies. Default: 0o600. */
  mode?: number | undefined;
  /** Most messages that the queue holds. Default: the limit msg_default. */
  maxMessages?: number | undefined;
  /** Most bytes of a message. Default: the limit msgsize_default. */
  messageSize?: Size | undefined;
  /** Fails if a queue has this name already. If false, that queue is opened. Default: true. */
  exclusive?: boolean | undefined;
}

const positive = parse.integer(1, 0x7fff_ffff);
const messageSize: Parser<number> = (value, name) => positive(parse.size(value, name), name);

const parseCreate = parse.options({
  in: inNamespace('ipc'),
  mode: parse.withDefault(mode, 0o600),
  maxMessages: positive,
  messageSize,
  exclusive: parse.withDefault(parse.boolean, true),
} satisfies Members<CreateQueueOptions>);

/** Options of functions that send a message. */
export interface SendOptions {
  /** 0 to 32767; messages of higher priority are received first. Default: 0. */
  priority?: number | undefined;
}

const sendMembers = {
  priority: parse.withDefault(parse.integer(0, PRIORITY_MAX), 0),
} satisfies Members<SendOptions>;
const parseTrySend = parse.options(sendMembers);
const parseSend = parse.options({ ...sendMembers, ...waitMembers });

/** A message of a POSIX queue. */
export interface PosixMessage {
  /** 0 to 32767; messages of higher priority come first. */
  readonly priority: number;
  readonly data: Buffer;
}

/** Returns the name as the kernel takes it: without the slash that mq_open(3) takes. */
function kernelName(name: string): string {
  parse.text(name, 'name');
  const bare = name.startsWith('/') ? name.slice(1) : name;
  if (bare === '' || bare === '.' || bare === '..' || /[/\0]/.test(bare)) {
    parse.refuse('name', 'one file name, with or without a slash before it', name);
  }
  if (Buffer.byteLength(bare) > NAME_MAX) {
    parse.outOfRange('name', `at most ${NAME_MAX} bytes`, name);
  }
  return bare;
}

function openQueue(
  name: string,
  flags: number,
  mode: number,
  attributes: BigInt64Array | null,
  target: NamespaceTarget | undefined,
): number {
  const all = constants.O_RDWR | constants.O_NONBLOCK | O_CLOEXEC | flags;
  return openIn('ipc', target, 'mq_open', name, all, mode, attributes);
}

const forgotten = new FinalizationRegistry<number>((fd) => {
  closeFd(fd);
  process.emitWarning('a PosixQueue was not closed: call close() or declare it with `using`');
});

/**
 * An open POSIX message queue. `using` removes a queue that was created, and closes one that was opened.
 * {@link close} leaves the queue: it exists until it is removed, or its namespace ends.
 *
 * @see mq_overview(7)
 * @example
 * using queue = PosixQueue.create('/jobs');
 * await queue.send('first', { priority: 3 });
 * for await (const { data } of queue) console.log(data.toString());
 */
export class PosixQueue implements Disposable, AsyncDisposable {
  readonly #fd: number;
  #closed = false;
  /** The namespace of a queue that was created, to remove it there; undefined if it was opened. */
  readonly #held: HeldNamespace | undefined;
  readonly #name: string;

  private constructor(fd: number, name: string, held?: HeldNamespace) {
    this.#fd = fd;
    this.#name = name;
    this.#held = held;
    forgotten.register(this, fd, this);
  }

  /**
   * Creates a queue, or with `exclusive: false` opens the queue with this name.
   *
   * @param name as mq_open(3) takes it, `/jobs`, or without the slash
   * @throws {SystemError} EEXIST if the name is taken, EINVAL beyond the limits msg_max and
   *   msgsize_max, ENOSPC at the limit queues_max, EMFILE beyond RLIMIT_MSGQUEUE
   * @see mq_open(3)
   */
  static create(name: string, options: CreateQueueOptions = {}): PosixQueue {
    const { mode, maxMessages, messageSize, exclusive, in: target } = parseCreate(options);
    const bare = kernelName(name);
    if ((maxMessages === undefined) !== (messageSize === undefined)) {
      throw new TypeError('options.maxMessages and options.messageSize must be given together');
    }
    let attributes: BigInt64Array | null = null;
    if (maxMessages !== undefined && messageSize !== undefined) {
      attributes = new BigInt64Array(8);
      attributes[1] = BigInt(maxMessages);
      attributes[2] = BigInt(messageSize);
    }
    const flags = constants.O_CREAT | (exclusive ? constants.O_EXCL : 0);
    if (!exclusive) return new PosixQueue(openQueue(bare, flags, mode, attributes, target), bare);
    return withHeld(target, (held) => {
      const fd = openQueue(bare, flags, mode, attributes, held.namespace);
      return new PosixQueue(fd, bare, held);
    });
  }

  /**
   * Opens the queue with this name, to read and write.
   *
   * @throws {SystemError} ENOENT if it does not exist, EACCES without the permission
   * @see mq_open(3)
   */
  static open(name: string, options: InOptions = {}): PosixQueue {
    const { in: target } = parseIn(options);
    const bare = kernelName(name);
    return new PosixQueue(openQueue(bare, 0, 0, null, target), bare);
  }

  /**
   * Removes the name of a queue. The queue ends when the last process closes it.
   *
   * @throws {SystemError} ENOENT if it does not exist, EPERM unless the caller owns it
   * @see mq_unlink(3)
   */
  static remove(name: string, options: InOptions = {}): void {
    const { in: target } = parseIn(options);
    callIn('ipc', target, 'mq_unlink', kernelName(name));
  }

  /** The descriptor, to pass to a child. It is non-blocking. */
  get fd(): number {
    if (this.#closed) throw new Error('the queue is closed');
    return this.#fd;
  }

  /** Returns capacity and number of messages. @see mq_getattr(3) */
  attributes(): QueueAttributes {
    return readAttributes(this.fd);
  }

  /**
   * Sends a message if there is room for it now.
   *
   * @returns true if it was sent
   * @throws {SystemError} EMSGSIZE if it is longer than `messageSize` of the queue
   * @see mq_send(3)
   */
  trySend(data: string | Uint8Array, options: SendOptions = {}): boolean {
    const { priority } = parseTrySend(options);
    return this.#sendNow(bytes(data, 'data'), priority);
  }

  #sendNow(content: Uint8Array, priority: number): boolean {
    try {
      syscall('mq_timedsend', this.fd, content, content.length, priority, null);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /** Takes the oldest message of the highest priority; undefined if the queue is empty. @see mq_receive(3) */
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

  #ready(
    events: { readable?: boolean; writable?: boolean },
    end: AbortSignal | undefined,
  ): Promise<void> {
    return waitUntil((done) => {
      // A duplicate, since the event loop takes each descriptor once.
      const fd = duplicate(this.fd);
      const handle = watch(fd, events, done);
      return () => {
        handle.close();
        closeFd(fd);
      };
    }, end);
  }

  /**
   * Sends a message as soon as there is room for it.
   *
   * @throws {SystemError} EMSGSIZE if it is longer than `messageSize` of the queue
   * @see mq_send(3)
   */
  async send(data: string | Uint8Array, options: SendOptions & WaitOptions = {}): Promise<void> {
    const { priority, ...wait } = parseSend(options);
    const content = bytes(data, 'data');
    await withEnd(wait, async (end) => {
      while (!this.#sendNow(content, priority)) await this.#ready({ writable: true }, end);
    });
  }

  /** Takes the oldest message of the highest priority as soon as there is a message. @see mq_receive(3) */
  async receive(options: WaitOptions = {}): Promise<PosixMessage> {
    return withEnd(parseWait(options), async (end) => {
      for (;;) {
        const message = this.tryReceive();
        if (message) return message;
        await this.#ready({ readable: true }, end);
      }
    });
  }

  /** Takes messages as they come, until the loop is left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PosixMessage, never> {
    for (;;) yield await this.receive();
  }

  /** Closes the descriptor. The queue stays, also at disposal. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    closeFd(this.#fd);
    this.#held?.close();
  }

  /** Closes the descriptor and removes a queue that was created, for `using`. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    try {
      if (this.#held) callIn('ipc', this.#held.namespace, 'mq_unlink', this.#name);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error; // removed by another process
    } finally {
      this.close();
    }
  }

  /** Does the same as `using`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}
