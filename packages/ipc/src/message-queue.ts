// System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2).
import { isSystemError } from '@ns/core';
import { assertKeys, callIn, ownOptions, targetOf } from '@ns/core/authors';
import { assertId, assertInteger, assertKey, type CreateOptions, creation } from './arguments.js';
import type { MessageQueueInfo } from './list.js';
import { IPC, MSG, type Permissions, Structure } from './structures.js';
import type { InOptions } from './target.js';
import { checkWait, type WaitOptions, waitFor } from './waiting.js';

const TYPE_SIZE = 8;
const MSG_EXCEPT = 0o20000;
const MSG_COPY = 0o40000;
const DEFAULT_MAX = 65536;

/** A message. */
export interface Message {
  /** Its type: a positive integer of the sender's choice. */
  readonly type: number;
  readonly data: Buffer;
}

/** Which message to take. */
export interface ReceiveOptions {
  /**
   * 0: the first; n > 0: the first of type n; n < 0: the first of the lowest type up to -n.
   * Default: 0
   */
  type?: number;
  /** The first that is not of `type`, which must be positive. Default: false. */
  except?: boolean;
  /** Most bytes to take; a longer message stays in the queue (E2BIG). Default: 65536. */
  maxSize?: number;
}

function textOf(type: number, data: string | Uint8Array): Uint8Array {
  assertInteger(type, 'type', 1, Number.MAX_SAFE_INTEGER);
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new TypeError(`data must be a string or bytes: ${String(data)}`);
  }
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const memory = Buffer.alloc(TYPE_SIZE + bytes.length);
  memory.writeBigInt64LE(BigInt(type));
  memory.set(bytes, TYPE_SIZE);
  return memory;
}

const receiveOptions = ['type', 'except', 'maxSize'];

function checkReceive(options: ReceiveOptions): Required<ReceiveOptions> {
  const { type = 0, except = false, maxSize = DEFAULT_MAX } = ownOptions(options);
  assertInteger(type, 'type', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  assertInteger(maxSize, 'maxSize', 0, 0x7fff_ffff);
  if (typeof except !== 'boolean') throw new TypeError(`except must be a boolean: ${except}`);
  if (except && type <= 0) throw new RangeError(`type must be positive with except: ${type}`);
  return { type, except, maxSize };
}

function messageOf(memory: Uint8Array, size: number): Message {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, TYPE_SIZE + size);
  return { type: Number(bytes.readBigInt64LE()), data: Buffer.from(bytes.subarray(TYPE_SIZE)) };
}

/**
 * A System V message queue. It exists until it is removed, or its namespace ends.
 *
 * @see sysvipc(7), msgget(2)
 */
export class MessageQueue {
  /** Its id in its namespace. */
  readonly id: number;
  readonly #in: InOptions['in'];

  private constructor(id: number, target: InOptions['in']) {
    this.id = id;
    this.#in = target;
  }

  /**
   * Makes an empty queue, or with `exclusive: false` finds the one that has the key.
   *
   * @throws {SystemError} EEXIST if the key is taken, ENOSPC at the limit msgmni
   * @see msgget(2), ipcmk(1)
   */
  static create(options: CreateOptions & InOptions = {}): MessageQueue {
    const { key, flags, in: target } = creation(options);
    return new MessageQueue(callIn('ipc', target, 'msgget', key, flags), target);
  }

  /** The queue with this key. @throws {SystemError} ENOENT if there is none */
  static open(key: number, options: InOptions = {}): MessageQueue {
    const target = targetOf(options);
    assertKey(key);
    return new MessageQueue(callIn('ipc', target, 'msgget', key, 0), target);
  }

  /** The queue with this id; nothing is called. */
  static of(id: number, options: InOptions = {}): MessageQueue {
    const target = targetOf(options);
    assertId(id);
    return new MessageQueue(id, target);
  }

  #stat(): Structure {
    const structure = new Structure();
    callIn('ipc', this.#in, 'msgctl', this.id, IPC.STAT, structure.bytes);
    return structure;
  }

  /** What the kernel knows of it. @see msgctl(2) IPC_STAT */
  stat(): MessageQueueInfo & { maxBytes: number } {
    const structure = this.#stat();
    return {
      id: this.id,
      ...structure.permissions,
      messages: structure.long(MSG.qnum),
      bytes: structure.long(MSG.cbytes),
      maxBytes: structure.long(MSG.qbytes),
      lastSenderPid: structure.int(MSG.lspid),
      lastReceiverPid: structure.int(MSG.lrpid),
      sent: structure.date(MSG.stime),
      received: structure.date(MSG.rtime),
      changed: structure.date(MSG.ctime),
    };
  }

  /**
   * Changes owner, permission bits or how many bytes it holds; what is left out stays. More bytes
   * than the limit msgmnb need CAP_SYS_RESOURCE.
   *
   * @see msgctl(2) IPC_SET
   */
  set(changes: Partial<Pick<Permissions, 'uid' | 'gid' | 'mode'>> & { maxBytes?: number }): void {
    assertKeys(changes, ['uid', 'gid', 'mode', 'maxBytes'], 'changes');
    const { maxBytes, ...permissions } = ownOptions(changes);
    const structure = this.#stat();
    structure.change(permissions);
    if (maxBytes !== undefined) {
      assertInteger(maxBytes, 'maxBytes', 0, Number.MAX_SAFE_INTEGER);
      structure.setLong(MSG.qbytes, maxBytes);
    }
    callIn('ipc', this.#in, 'msgctl', this.id, IPC.SET, structure.bytes);
  }

  /**
   * Sends a message if there is room for it now.
   *
   * @returns whether it was sent
   * @see msgsnd(2) IPC_NOWAIT
   */
  trySend(type: number, data: string | Uint8Array): boolean {
    const memory = textOf(type, data);
    try {
      callIn('ipc', this.#in, 'msgsnd', this.id, memory, memory.length - TYPE_SIZE, IPC.NOWAIT);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /**
   * Sends a message, as soon as there is room for it. A wait that is ended may have sent it.
   *
   * @throws {SystemError} EINVAL beyond the limit msgmax, EIDRM if the queue is removed meanwhile
   * @see msgsnd(2)
   */
  async send(type: number, data: string | Uint8Array, options: WaitOptions = {}): Promise<void> {
    checkWait(options);
    if (this.trySend(type, data)) return;
    const memory = textOf(type, data);
    await waitFor(
      this.#in,
      (program) => program.call('msgsnd', this.id, memory, memory.length - TYPE_SIZE, 0),
      options,
    );
  }

  #receiveNow(options: ReceiveOptions, flags: number): Message | undefined {
    const { type, except, maxSize } = checkReceive(options);
    const memory = new Uint8Array(TYPE_SIZE + maxSize);
    const all = IPC.NOWAIT | flags | (except ? MSG_EXCEPT : 0);
    try {
      const size = callIn('ipc', this.#in, 'msgrcv', this.id, memory, maxSize, type, all);
      return messageOf(memory, size);
    } catch (error) {
      if (isSystemError(error, 'ENOMSG')) return undefined;
      throw error;
    }
  }

  /**
   * Takes a message if there is one now.
   *
   * @throws {SystemError} E2BIG if it is longer than `maxSize`; it stays in the queue
   * @see msgrcv(2) IPC_NOWAIT
   */
  tryReceive(options: ReceiveOptions = {}): Message | undefined {
    assertKeys(options, receiveOptions, 'options');
    return this.#receiveNow(options, 0);
  }

  /**
   * Takes a message, as soon as there is one. A wait that is ended takes none with any content.
   *
   * @throws {SystemError} E2BIG if it is longer than `maxSize`, EIDRM if the queue is removed
   *   meanwhile
   * @see msgrcv(2)
   */
  async receive(options: ReceiveOptions & WaitOptions = {}): Promise<Message> {
    checkWait(options, receiveOptions);
    const { type, except } = checkReceive(options);
    const flags = except ? MSG_EXCEPT : 0;
    for (;;) {
      const message = this.#receiveNow(options, 0);
      if (message) return message;
      // No message with content fits into nothing: the child fails when one comes, and leaves it
      // there. So it is never lost with the child.
      const { call, results } = await waitFor(
        this.#in,
        (program) =>
          program.call('msgrcv', this.id, new Uint8Array(TYPE_SIZE), 0, type, flags, {
            tolerate: ['E2BIG'],
          }),
        options,
      );
      if (results.resultOf(call) === 0) return messageOf(results.bytesOf(call, 1), 0);
    }
  }

  /**
   * A copy of the message at an index of the queue, which stays. Needs a kernel with
   * CONFIG_CHECKPOINT_RESTORE (Linux 3.8).
   *
   * @returns undefined beyond the end
   * @see msgrcv(2) MSG_COPY
   */
  peek(index = 0, { maxSize }: Pick<ReceiveOptions, 'maxSize'> = {}): Message | undefined {
    assertInteger(index, 'index', 0, 0x7fff_ffff);
    return this.#receiveNow(
      { type: index, ...(maxSize === undefined ? {} : { maxSize }) },
      MSG_COPY,
    );
  }

  /** Removes it with its messages. @see msgctl(2) IPC_RMID, ipcrm(1) */
  remove(): void {
    callIn('ipc', this.#in, 'msgctl', this.id, IPC.RMID, null);
  }
}
