// System V semaphores: semget(2), semop(2), semctl(2).
import { isSystemError } from '@ns/core';
import { callIn, targetOf } from '@ns/core/authors';
import { assertId, assertInteger, assertKey, type CreateOptions, creation } from './arguments.js';
import type { SemaphoreSetInfo } from './list.js';
import { IPC, type Permissions, SEM, Structure } from './structures.js';
import type { InOptions } from './target.js';
import { checkWait, type WaitOptions, waitFor } from './waiting.js';

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
  /** Which one, from 0. Default: 0. */
  readonly index?: number;
  /** What to add; below zero, wait until that much is there; 0: wait until it is zero. */
  readonly add: number;
  /**
   * Take it back when this process ends. Only in the namespace that the calling thread is in.
   * Default: false.
   */
  readonly undo?: boolean;
}

/** What is known of one semaphore. */
export interface SemaphoreState {
  readonly value: number;
  /** Process that last changed it; 0 for none. */
  readonly lastPid: number;
  /** How many wait for it to grow. */
  readonly waitingForMore: number;
  /** How many wait for it to be zero. */
  readonly waitingForZero: number;
}

function encode(operations: readonly SemaphoreOperation[], flags: number): Uint8Array {
  const memory = Buffer.alloc(operations.length * OPERATION_SIZE);
  operations.forEach(({ index = 0, add, undo = false }, i) => {
    memory.writeUInt16LE(index, i * OPERATION_SIZE);
    memory.writeInt16LE(add, i * OPERATION_SIZE + 2);
    memory.writeInt16LE(flags | (undo ? SEM_UNDO : 0), i * OPERATION_SIZE + 4);
  });
  return memory;
}

function checkOperations(
  operations: readonly SemaphoreOperation[],
  target: InOptions['in'],
): readonly SemaphoreOperation[] {
  if (!Array.isArray(operations) || operations.length === 0) {
    throw new TypeError('operations must be an array that is not empty');
  }
  operations.forEach((operation: SemaphoreOperation, i) => {
    if (typeof operation !== 'object' || operation === null) {
      throw new TypeError(`operations[${i}] must be { index, add, undo }: ${String(operation)}`);
    }
    const { index = 0, add, undo = false } = operation;
    assertInteger(index, `operations[${i}].index`, 0, 65535);
    assertInteger(add, `operations[${i}].add`, -VALUE_MAX - 1, VALUE_MAX);
    if (undo && target !== undefined) {
      throw new TypeError(
        `operations[${i}].undo: the kernel takes back what this process did in a namespace as soon as it leaves it`,
      );
    }
  });
  return operations;
}

/**
 * Operations that wait as these do and change nothing: all at once or not at all, and each undone
 * by the next ones.
 */
function probe(operations: readonly SemaphoreOperation[]): SemaphoreOperation[] {
  const plain = operations.map(({ index = 0, add }) => ({ index, add }));
  const back = plain.filter(({ add }) => add !== 0).map(({ index, add }) => ({ index, add: -add }));
  return [...plain, ...back.reverse()];
}

/**
 * A set of System V semaphores. It exists until it is removed, or its namespace ends.
 *
 * @see sysvipc(7), semget(2)
 */
export class SemaphoreSet {
  /** Its id in its namespace. */
  readonly id: number;
  readonly #in: InOptions['in'];

  private constructor(id: number, target: InOptions['in']) {
    this.id = id;
    this.#in = target;
  }

  /**
   * Makes a set of semaphores of value 0, or with `exclusive: false` finds the one with the key.
   *
   * @throws {SystemError} EEXIST if the key is taken, ENOSPC at a limit (semmni, semmns), EINVAL
   *   beyond semmsl, or if the one with the key has fewer
   * @see semget(2), ipcmk(1)
   */
  static create(count: number, options: CreateOptions & InOptions = {}): SemaphoreSet {
    assertInteger(count, 'count', 1, 65536);
    const { key, flags, in: target } = creation(options);
    return new SemaphoreSet(callIn('ipc', target, 'semget', key, count, flags), target);
  }

  /** The set with this key. @throws {SystemError} ENOENT if there is none */
  static open(key: number, options: InOptions = {}): SemaphoreSet {
    const target = targetOf(options);
    assertKey(key);
    return new SemaphoreSet(callIn('ipc', target, 'semget', key, 0, 0), target);
  }

  /** The set with this id; nothing is called. */
  static of(id: number, options: InOptions = {}): SemaphoreSet {
    const target = targetOf(options);
    assertId(id);
    return new SemaphoreSet(id, target);
  }

  #control(index: number, command: number, argument: number | Uint8Array | null = null): number {
    return callIn('ipc', this.#in, 'semctl', this.id, index, command, argument);
  }

  #stat(): Structure {
    const structure = new Structure();
    this.#control(0, IPC.STAT, structure.bytes);
    return structure;
  }

  /** What the kernel knows of it. @see semctl(2) IPC_STAT */
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

  /** Changes owner or permission bits; what is left out stays. @see semctl(2) IPC_SET */
  set(changes: Partial<Pick<Permissions, 'uid' | 'gid' | 'mode'>>): void {
    const structure = this.#stat();
    structure.change(changes);
    this.#control(0, IPC.SET, structure.bytes);
  }

  /** Value of a semaphore, who changed it last, and how many wait for it. @see semctl(2) */
  state(index = 0): SemaphoreState {
    assertInteger(index, 'index', 0, 65535);
    return {
      value: this.#control(index, GETVAL),
      lastPid: this.#control(index, GETPID),
      waitingForMore: this.#control(index, GETNCNT),
      waitingForZero: this.#control(index, GETZCNT),
    };
  }

  /** All values, as they are at one moment. @see semctl(2) GETALL */
  values(): number[] {
    const memory = new Uint8Array(this.stat().count * 2);
    this.#control(0, GETALL, memory);
    return [...new Uint16Array(memory.buffer)];
  }

  /** Sets one value, 0 to 32767, and forgets what was to be undone. @see semctl(2) SETVAL */
  setValue(index: number, value: number): void {
    assertInteger(index, 'index', 0, 65535);
    assertInteger(value, 'value', 0, VALUE_MAX);
    this.#control(index, SETVAL, value);
  }

  /** Sets all values at one moment: as many as the set has. @see semctl(2) SETALL */
  setValues(values: readonly number[]): void {
    if (!Array.isArray(values)) throw new TypeError(`values must be an array: ${String(values)}`);
    values.forEach((value, i) => {
      assertInteger(value, `values[${i}]`, 0, VALUE_MAX);
    });
    const { count } = this.stat();
    if (values.length !== count) {
      throw new RangeError(`values must be ${count}, as many as the set has: ${values.length}`);
    }
    this.#control(0, SETALL, new Uint8Array(Uint16Array.from(values).buffer));
  }

  /**
   * Makes operations, all of them at once, if none has to wait.
   *
   * @returns whether they were made
   * @throws {SystemError} ERANGE if a value would exceed 32767, EFBIG without such a semaphore
   * @see semop(2) IPC_NOWAIT
   */
  tryOperate(operations: readonly SemaphoreOperation[]): boolean {
    const list = checkOperations(operations, this.#in);
    try {
      callIn('ipc', this.#in, 'semop', this.id, encode(list, IPC.NOWAIT), list.length);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EAGAIN')) return false;
      throw error;
    }
  }

  /**
   * Makes operations, all of them at once, as soon as that is possible. A wait that is ended has
   * made none.
   *
   * @throws {SystemError} EIDRM if the set is removed meanwhile, else as {@link tryOperate}
   * @see semop(2), semtimedop(2)
   */
  async operate(
    operations: readonly SemaphoreOperation[],
    options: WaitOptions = {},
  ): Promise<void> {
    checkWait(options);
    const waiting = probe(checkOperations(operations, this.#in));
    // The child only waits: what it did itself it could not undo when this process ends.
    while (!this.tryOperate(operations)) {
      const memory = encode(waiting, 0);
      await waitFor(
        this.#in,
        (program) => program.call('semop', this.id, memory, waiting.length),
        options,
      );
    }
  }

  /** Removes it; those who wait get EIDRM. @see semctl(2) IPC_RMID, ipcrm(1) */
  remove(): void {
    this.#control(0, IPC.RMID);
  }
}
