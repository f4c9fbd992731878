// System V semaphores: semget(2), semop(2), semctl(2).

import { type InOptions, isSystemError } from '@ns/core';
import { callIn, type Members, type NamespaceTarget, type Parsed, parse } from '@ns/core/authors';
import { parseWait, type WaitOptions, waitInChild, withEnd } from './blocking-wait.js';
import { HeldNamespace, withHeld } from './held-namespace.js';
import type { SemaphoreSetInfo } from './list-objects.js';
import {
  type CreateOptions,
  objectId,
  parseCreate,
  parseIn,
  key as parseKey,
} from './object-options.js';
import { IPC, type PermissionChanges, parsePermissions, SEM, Structure } from './structures.js';
import { SystemVObject } from './system-v-object.js';

const GETPID = 11;
const GETVAL = 12;
const GETALL = 13;
const GETNCNT = 14;
const GETZCNT = 15;
const SETVAL = 16;
const SETALL = 17;
const SEM_UNDO = 0x1000;
const VALUE_MAX = 32767;
const OPERATION_SIZE = 6;

/** An operation on one semaphore of a set. */
export interface SemaphoreOperation {
  /** Index of the semaphore, from 0. Default: 0. */
  readonly index?: number | undefined;
  /** The number to add. A negative one waits until the value is large enough, 0 until it is zero. */
  readonly add: number;
  /**
   * Undoes the operation when this process ends. Only in the namespace that the calling thread is in.
   * Default: false.
   */
  readonly undo?: boolean | undefined;
}

/** State of one semaphore. */
export interface SemaphoreState {
  readonly value: number;
  /** The process that last changed it; 0 for none. */
  readonly lastPid: number;
  /** Number of processes that wait for it to grow. */
  readonly waitingForMore: number;
  /** Number of processes that wait for it to be zero. */
  readonly waitingForZero: number;
}

const parseIndex = parse.integer(0, 65535);
const parseCount = parse.integer(1, 65536);
const semaphoreValue = parse.integer(0, VALUE_MAX);

const operationMembers = {
  index: parse.withDefault(parseIndex, 0),
  add: parse.required(parse.integer(-VALUE_MAX - 1, VALUE_MAX)),
  undo: parse.withDefault(parse.boolean, false),
} satisfies Members<SemaphoreOperation>;

/** {@link SemaphoreOperation} in normal form. */
type Operation = Parsed<typeof operationMembers>;

const parseList = parse.list(parse.options(operationMembers));

function encode(operations: readonly Operation[], flags: number): Uint8Array {
  const memory = Buffer.alloc(operations.length * OPERATION_SIZE);
  operations.forEach(({ index, add, undo }, i) => {
    memory.writeUInt16LE(index, i * OPERATION_SIZE);
    memory.writeInt16LE(add, i * OPERATION_SIZE + 2);
    memory.writeInt16LE(flags | (undo ? SEM_UNDO : 0), i * OPERATION_SIZE + 4);
  });
  return memory;
}

function parseOperations(
  operations: readonly SemaphoreOperation[],
  target: NamespaceTarget | undefined,
): readonly Operation[] {
  const list = parseList(operations, 'operations');
  if (list.length === 0) parse.refuse('operations', 'an array with operations', operations);
  list.forEach(({ undo }, i) => {
    if (!undo || target === undefined) return;
    throw new TypeError(
      `operations[${i}].undo must not be true in another namespace: the kernel undoes operations when the thread leaves it`,
    );
  });
  return list;
}

/**
 * Returns operations that wait like these and change nothing: the kernel makes all of them at once, and
 * later ones undo the earlier ones.
 */
function probe(operations: readonly Operation[]): Operation[] {
  const plain = operations.map(({ index, add }) => ({ index, add, undo: false }));
  const back = plain.filter(({ add }) => add !== 0).map((one) => ({ ...one, add: -one.add }));
  return [...plain, ...back.reverse()];
}

/**
 * A set of System V semaphores. It exists until it is removed, or its namespace ends.
 *
 * @see sysvipc(7), semget(2)
 */
export class SemaphoreSet extends SystemVObject {
  /**
   * Creates a set of semaphores of value 0, or with `exclusive: false` opens the set with the key.
   *
   * @throws {SystemError} EEXIST if the key is taken, ENOSPC at a limit (semmni, semmns), EINVAL
   *   beyond semmsl, or if the set with the key has fewer
   * @see semget(2), ipcmk(1)
   */
  static create(count: number, options: CreateOptions & InOptions = {}): SemaphoreSet {
    parseCount(count, 'count');
    const { key, flags, in: target, isNew } = parseCreate(options);
    return withHeld(target, (held) => {
      const id = callIn('ipc', held.namespace, 'semget', key, count, flags);
      return new SemaphoreSet(id, held, isNew);
    });
  }

  /** Opens the set with this key. @throws {SystemError} ENOENT if it does not exist */
  static open(key: number, options: InOptions = {}): SemaphoreSet {
    const { in: target } = parseIn(options);
    parseKey(key, 'key');
    return withHeld(target, (held) => {
      const id = callIn('ipc', held.namespace, 'semget', key, 0, 0);
      return new SemaphoreSet(id, held);
    });
  }

  /** Returns a handle of the set with this id, which is not looked for. */
  static fromId(id: number, options: InOptions = {}): SemaphoreSet {
    const { in: target } = parseIn(options);
    objectId(id, 'id');
    return new SemaphoreSet(id, new HeldNamespace(target));
  }

  #control(index: number, command: number, argument: number | Uint8Array | null = null): number {
    return callIn('ipc', this.target, 'semctl', this.id, index, command, argument);
  }

  #stat(): Structure {
    const structure = new Structure();
    this.#control(0, IPC.STAT, structure.bytes);
    return structure;
  }

  /** Returns the state of the set. @see semctl(2) IPC_STAT */
  stat(): SemaphoreSetInfo {
    const structure = this.#stat();
    return {
      id: this.id,
      ...structure.permissions,
      count: structure.long(SEM.nsems),
      operated: structure.date(SEM.otime),
      changed: structure.date(SEM.ctime),
    };
  }

  /** Changes owner or permission bits. Members that are left out stay. @see semctl(2) IPC_SET */
  change(changes: PermissionChanges): void {
    const parsed = parsePermissions(changes, 'changes');
    const structure = this.#stat();
    structure.change(parsed);
    this.#control(0, IPC.SET, structure.bytes);
  }

  /** Returns the state of one semaphore. @see semctl(2) */
  readState(index = 0): SemaphoreState {
    parseIndex(index, 'index');
    return {
      value: this.#control(index, GETVAL),
      lastPid: this.#control(index, GETPID),
      waitingForMore: this.#control(index, GETNCNT),
      waitingForZero: this.#control(index, GETZCNT),
    };
  }

  /** Returns all values at one moment. @see semctl(2) GETALL */
  readValues(): number[] {
    const memory = new Uint8Array(this.stat().count * 2);
    this.#control(0, GETALL, memory);
    return [...new Uint16Array(memory.buffer)];
  }

  /** Writes one value, 0 to 32767, and cancels its undo operations. @see semctl(2) SETVAL */
  writeValue(index: number, value: number): void {
    parseIndex(index, 'index');
    semaphoreValue(value, 'value');
    this.#control(index, SETVAL, value);
  }

  /** Writes all values at one moment: as many as the set has. @see semctl(2) SETALL */
  writeValues(values: readonly number[]): void {
    parse.list(semaphoreValue)(values, 'values');
    const { count } = this.stat();
    if (values.length !== count) {
      parse.outOfRange('values', `${count} values, as many as the set has`, values);
    }
    this.#control(0, SETALL, new Uint8Array(Uint16Array.from(values).buffer));
  }

  /**
   * Makes all operations at once, if none has to wait.
   *
   * @returns true if they were made
   * @throws {SystemError} ERANGE if a value would exceed 32767, EFBIG for an index beyond the set
   * @see semop(2) IPC_NOWAIT
   */
  tryOperate(operations: readonly SemaphoreOperation[]): boolean {
    return this.#tryOperate(parseOperations(operations, this.target));
  }

  #tryOperate(list: readonly Operation[]): boolean {
    try {
      callIn('ipc', this.target, 'semop', this.id, encode(list, IPC.NOWAIT), list.length);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /**
   * Makes all operations at once, as soon as that is possible. A wait that is aborted has made none.
   *
   * @throws {SystemError} EIDRM if the set is removed meanwhile, else as {@link tryOperate}
   * @see semop(2), semtimedop(2)
   */
  async operate(
    operations: readonly SemaphoreOperation[],
    options: WaitOptions = {},
  ): Promise<void> {
    const wait = parseWait(options);
    const list = parseOperations(operations, this.target);
    const waiting = probe(list);
    // The child only waits: the kernel undoes operations at the end of the process that made them.
    await withEnd(wait, async (end) => {
      while (!this.#tryOperate(list)) {
        const memory = encode(waiting, 0);
        await waitInChild(
          this.target,
          (program) => program.call('semop', this.id, memory, waiting.length),
          end,
        );
      }
    });
  }

  /** @internal */
  protected override removeObject(): void {
    this.#control(0, IPC.RMID);
  }
}
