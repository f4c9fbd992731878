// System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2).

import { type InOptions, isSystemError, type Size } from '@ns/core';
import { callIn, type Members, type Parsed, type Parser, parse } from '@ns/core/authors';
import { parseWait, type WaitOptions, waitInChild, waitMembers, withEnd } from './blocking-wait.js';
import { HeldNamespace, withHeld } from './held-namespace.js';
import type { MessageQueueInfo } from './list-objects.js';
import {
  bytes,
  type CreateOptions,
  int,
  objectId,
  parseCreate,
  parseIn,
  key as parseKey,
} from './object-options.js';
import { IPC, MSG, type PermissionChanges, permissionMembers, Structure } from './structures.js';
import { SystemVObject } from './system-v-object.js';

const TYPE_SIZE = 8;
const MSG_EXCEPT = 0o20000;
const MSG_COPY = 0o40000;
const DEFAULT_MAX = 65536;

/** A message. */
export interface Message {
  /** The type: a positive integer, the sender's choice. */
  readonly type: number;
  readonly data: Buffer;
}

/** Options of functions that receive a message. */
export interface ReceiveOptions {
  /**
   * The message: 0 for the first; n > 0 for the first of type n; n < 0 for the first of the lowest
   * type up to -n. Default: 0.
   */
  type?: number | undefined;
  /** Takes the first message of another type than `type`, which must be positive. Default: false. */
  except?: boolean | undefined;
  /** Most bytes to take. A longer message stays in the queue (E2BIG). Default: 64 KiB. */
  maxSize?: Size | undefined;
}

const typeToSend = parse.integer(1);

function encode(type: number, data: string | Uint8Array): Uint8Array {
  typeToSend(type, 'type');
  const content = bytes(data, 'data');
  const memory = Buffer.alloc(TYPE_SIZE + content.length);
  memory.writeBigInt64LE(BigInt(type));
  memory.set(content, TYPE_SIZE);
  return memory;
}

const maxSize: Parser<number> = (value, name) => int(parse.size(value, name), name);

const receiveMembers = {
  type: parse.withDefault(parse.integer(-Number.MAX_SAFE_INTEGER), 0),
  except: parse.withDefault(parse.boolean, false),
  maxSize: parse.withDefault(maxSize, DEFAULT_MAX),
} satisfies Members<ReceiveOptions>;

/** {@link ReceiveOptions} in normal form. */
type Receiving = Parsed<typeof receiveMembers>;

function assertExcept({ type, except }: Receiving): void {
  if (except && type <= 0) parse.outOfRange('options.type', 'positive with except', type);
}

const parseTryReceive = parse.options(receiveMembers);
const parseReceive = parse.options({ ...receiveMembers, ...waitMembers });
const parsePeek = parse.options({ maxSize: receiveMembers.maxSize });

/** Changes of a queue. */
export interface QueueChanges extends PermissionChanges {
  /** Most bytes of all messages. More than the limit msgmnb needs CAP_SYS_RESOURCE. */
  maxBytes?: Size | undefined;
}

const parseChanges = parse.options({
  ...permissionMembers,
  maxBytes: parse.size,
} satisfies Members<QueueChanges>);

function messageOf(memory: Uint8Array, size: number): Message {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, TYPE_SIZE + size);
  return { type: Number(bytes.readBigInt64LE()), data: Buffer.from(bytes.subarray(TYPE_SIZE)) };
}

/**
 * A System V message queue. It exists until it is removed, or its namespace ends.
 *
 * @see sysvipc(7), msgget(2)
 */
export class MessageQueue extends SystemVObject {
  /**
   * Creates an empty queue, or with `exclusive: false` opens the queue that has the key.
   *
   * @throws {SystemError} EEXIST if the key is taken, ENOSPC at the limit msgmni
   * @see msgget(2), ipcmk(1)
   */
  static create(options: CreateOptions & InOptions = {}): MessageQueue {
    const { key, flags, in: target, isNew } = parseCreate(options);
    return withHeld(target, (held) => {
      const id = callIn('ipc', held.namespace, 'msgget', key, flags);
      return new MessageQueue(id, held, isNew);
    });
  }

  /** Opens the queue with this key. @throws {SystemError} ENOENT if it does not exist */
  static open(key: number, options: InOptions = {}): MessageQueue {
    const { in: target } = parseIn(options);
    parseKey(key, 'key');
    return withHeld(target, (held) => {
      const id = callIn('ipc', held.namespace, 'msgget', key, 0);
      return new MessageQueue(id, held);
    });
  }

  /** Returns a handle of the queue with this id, which is not looked for. */
  static fromId(id: number, options: InOptions = {}): MessageQueue {
    const { in: target } = parseIn(options);
    objectId(id, 'id');
    return new MessageQueue(id, new HeldNamespace(target));
  }

  #stat(): Structure {
    const structure = new Structure();
    callIn('ipc', this.target, 'msgctl', this.id, IPC.STAT, structure.bytes);
    return structure;
  }

  /** Returns the state of the queue. @see msgctl(2) IPC_STAT */
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
   * Changes owner, permission bits or capacity. Members that are left out stay.
   *
   * @see msgctl(2) IPC_SET
   */
  change(changes: QueueChanges): void {
    const { maxBytes, ...permissions } = parseChanges(changes, 'changes');
    const structure = this.#stat();
    structure.change(permissions);
    if (maxBytes !== undefined) structure.setLong(MSG.qbytes, maxBytes);
    callIn('ipc', this.target, 'msgctl', this.id, IPC.SET, structure.bytes);
  }

  /**
   * Sends a message if there is room for it now.
   *
   * @returns true if it was sent
   * @see msgsnd(2) IPC_NOWAIT
   */
  trySend(type: number, data: string | Uint8Array): boolean {
    const memory = encode(type, data);
    try {
      callIn('ipc', this.target, 'msgsnd', this.id, memory, memory.length - TYPE_SIZE, IPC.NOWAIT);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /**
   * Sends a message as soon as there is room for it. A wait that is aborted may have sent it.
   *
   * @throws {SystemError} EINVAL beyond the limit msgmax, EIDRM if the queue is removed meanwhile
   * @see msgsnd(2)
   */
  async send(type: number, data: string | Uint8Array, options: WaitOptions = {}): Promise<void> {
    const wait = parseWait(options);
    const memory = encode(type, data);
    await withEnd(wait, async (end) => {
      if (this.trySend(type, data)) return;
      await waitInChild(
        this.target,
        (program) => program.call('msgsnd', this.id, memory, memory.length - TYPE_SIZE, 0),
        end,
      );
    });
  }

  #receiveNow({ type, except, maxSize }: Receiving, flags: number): Message | undefined {
    const memory = new Uint8Array(TYPE_SIZE + maxSize);
    const all = IPC.NOWAIT | flags | (except ? MSG_EXCEPT : 0);
    try {
      const size = callIn('ipc', this.target, 'msgrcv', this.id, memory, maxSize, type, all);
      return messageOf(memory, size);
    } catch (error) {
      if (isSystemError(error, 'ENOMSG')) return undefined;
      throw error;
    }
  }

  /**
   * Takes a message if the queue has a matching one now.
   *
   * @throws {SystemError} E2BIG if it is longer than `maxSize`; it stays in the queue
   * @see msgrcv(2) IPC_NOWAIT
   */
  tryReceive(options: ReceiveOptions = {}): Message | undefined {
    const receiving = parseTryReceive(options);
    assertExcept(receiving);
    return this.#receiveNow(receiving, 0);
  }

  /**
   * Takes a message as soon as the queue has a matching one. A wait that is aborted can lose only a
   * message without content.
   *
   * @throws {SystemError} E2BIG if it is longer than `maxSize`, EIDRM if the queue is removed
   *   meanwhile
   * @see msgrcv(2)
   */
  async receive(options: ReceiveOptions & WaitOptions = {}): Promise<Message> {
    const { signal, timeout, ...receiving } = parseReceive(options);
    assertExcept(receiving);
    const { type, except } = receiving;
    const flags = except ? MSG_EXCEPT : 0;
    return withEnd({ signal, timeout }, async (end) => {
      for (;;) {
        const message = this.#receiveNow(receiving, 0);
        if (message) return message;
        // The child has room for messages without content only. Any other fails with E2BIG and stays
        // in the queue, so that it is not lost with the child.
        const { call, results } = await waitInChild(
          this.target,
          (program) =>
            program.call('msgrcv', this.id, new Uint8Array(TYPE_SIZE), 0, type, flags, {
              tolerate: ['E2BIG'],
            }),
          end,
        );
        if (results.resultOf(call) === 0) return messageOf(results.bytesOf(call, 1), 0);
      }
    });
  }

  /**
   * Returns a copy of the message at an index. The message stays in the queue. Needs a kernel with
   * CONFIG_CHECKPOINT_RESTORE (Linux 3.8).
   *
   * @returns undefined beyond the end
   * @see msgrcv(2) MSG_COPY
   */
  peek(index = 0, options: Pick<ReceiveOptions, 'maxSize'> = {}): Message | undefined {
    int(index, 'index');
    const { maxSize } = parsePeek(options);
    return this.#receiveNow({ type: index, except: false, maxSize }, MSG_COPY);
  }

  /** @internal */
  protected override removeObject(): void {
    callIn('ipc', this.target, 'msgctl', this.id, IPC.RMID, null);
  }
}
