// System V shared memory: shmget(2), shmctl(2), shmat(2).
import { isSystemError, type Namespace, SystemError } from '@ns/core';
import { callIn, targetOf, withTarget } from '@ns/core/authors';
import { MappedMemory, syscall } from '@ns/core/sys';
import { assertId, assertInteger, assertKey, type CreateOptions, creation } from './arguments.js';
import type { SharedMemoryInfo } from './list.js';
import { IPC, type Permissions, SHM, Structure } from './structures.js';
import type { InOptions } from './target.js';

const PAGE = 4096;

/** A segment that is attached to this process. */
export interface Attachment extends Disposable {
  /** Its content, shared with everybody who has it attached. */
  readonly buffer: Buffer;
  /**
   * Detaches. Buffers that somebody still holds stay valid, but are no longer shared, and all
   * zeros. Without it the segment stays attached until no part of the buffer is referred to.
   */
  detach(): void;
}

/**
 * A System V shared memory segment. It exists until it is removed, or its namespace ends.
 *
 * @see sysvipc(7), shmget(2)
 * @example
 * const segment = SharedMemory.create(4096);
 * const { buffer } = segment.attach();
 * buffer.write('hello');
 * segment.remove();
 */
export class SharedMemory {
  /** Its id in its namespace. */
  readonly id: number;
  readonly #in: InOptions['in'];

  private constructor(id: number, target: InOptions['in']) {
    this.id = id;
    this.#in = target;
  }

  /**
   * Makes a segment of zeros, or with `exclusive: false` finds the one that has the key.
   *
   * @param size in bytes; the kernel rounds up to pages where it counts
   * @throws {SystemError} EEXIST if the key is taken, ENOSPC at a limit (shmmni, shmall), EINVAL
   *   beyond shmmax, or if the one with the key is smaller
   * @see shmget(2), ipcmk(1)
   */
  static create(size: number, options: CreateOptions & InOptions = {}): SharedMemory {
    assertInteger(size, 'size', 1, Number.MAX_SAFE_INTEGER);
    const { key, flags, in: target } = creation(options);
    return new SharedMemory(callIn('ipc', target, 'shmget', key, size, flags), target);
  }

  /**
   * The segment with this key.
   *
   * @throws {SystemError} ENOENT if there is none, EACCES if the caller may not read it
   */
  static open(key: number, options: InOptions = {}): SharedMemory {
    const target = targetOf(options);
    assertKey(key);
    return new SharedMemory(callIn('ipc', target, 'shmget', key, 0, 0), target);
  }

  /** The segment with this id; nothing is called. */
  static of(id: number, options: InOptions = {}): SharedMemory {
    const target = targetOf(options);
    assertId(id);
    return new SharedMemory(id, target);
  }

  #stat(): Structure {
    const structure = new Structure();
    callIn('ipc', this.#in, 'shmctl', this.id, IPC.STAT, structure.bytes);
    return structure;
  }

  /**
   * What the kernel knows of it.
   *
   * @throws {SystemError} EACCES if the caller may not read it, EINVAL or EIDRM if it is gone
   * @see shmctl(2) IPC_STAT
   */
  stat(): SharedMemoryInfo {
    const structure = this.#stat();
    return {
      id: this.id,
      ...structure.permissions,
      size: structure.long(SHM.size),
      attachments: structure.long(SHM.nattch),
      creatorPid: structure.int(SHM.cpid),
      lastPid: structure.int(SHM.lpid),
      attached: structure.date(SHM.atime),
      detached: structure.date(SHM.dtime),
      changed: structure.date(SHM.ctime),
    };
  }

  /**
   * Changes owner or permission bits; what is left out stays. For the owner, the creator and
   * CAP_SYS_ADMIN.
   *
   * @see shmctl(2) IPC_SET
   */
  set(changes: Partial<Pick<Permissions, 'uid' | 'gid' | 'mode'>>): void {
    const structure = this.#stat();
    structure.change(changes);
    callIn('ipc', this.#in, 'shmctl', this.id, IPC.SET, structure.bytes);
  }

  /**
   * Attaches it to this process, readable and writable. The namespace must be one that the calling
   * thread can enter; the memory stays attached when it is back.
   *
   * @throws {SystemError} EACCES without the permission, EPERM if the thread cannot enter the
   *   namespace
   * @see shmat(2)
   */
  attach(): Attachment {
    const { size } = this.stat();
    const attach = () => syscall('shmat', this.id, null, 0);
    const enter = (namespace: Namespace) => namespace.enter(attach);
    const target = this.#in;
    const address = target === undefined ? attach() : withTarget('ipc', target, explained(enter));
    const memory = new MappedMemory(address, Math.ceil(size / PAGE) * PAGE);
    let attached = true;
    const detach = () => {
      if (attached) memory.release();
      attached = false;
    };
    return { buffer: memory.buffer.subarray(0, size), detach, [Symbol.dispose]: detach };
  }

  /**
   * Removes it: now, or when the last process detaches. For the owner, the creator and
   * CAP_SYS_ADMIN.
   *
   * @throws {SystemError} EPERM for others, EINVAL or EIDRM if it is gone
   * @see shmctl(2) IPC_RMID, ipcrm(1)
   */
  remove(): void {
    callIn('ipc', this.#in, 'shmctl', this.id, IPC.RMID, null);
  }
}

/** Says why memory cannot be attached where all else works by way of a child. */
function explained<Result>(enter: (namespace: Namespace) => Result) {
  return (namespace: Namespace): Result => {
    try {
      return enter(namespace);
    } catch (error) {
      if (!isSystemError(error, 'EPERM') || error.syscall !== 'setns') throw error;
      const hint =
        'Memory is attached by this process itself, which needs CAP_SYS_ADMIN in its own user namespace to enter another IPC namespace. A child started there with spawn can attach it.';
      throw new SystemError(error.errno, 'setns', error.args, { hint, cause: error });
    }
  };
}
