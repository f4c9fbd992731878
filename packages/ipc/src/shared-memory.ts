// System V shared memory: shmget(2), shmctl(2), shmat(2).

import { type InOptions, isSystemError, type Namespace, type Size, SystemError } from '@ns/core';
import { callIn, parse, withTarget } from '@ns/core/authors';
import { MappedMemory, syscall } from '@ns/core/sys';
import { HeldNamespace, withHeld } from './held-namespace.js';
import type { SharedMemoryInfo } from './list-objects.js';
import {
  type CreateOptions,
  objectId,
  parseCreate,
  parseIn,
  key as parseKey,
} from './object-options.js';
import { IPC, type PermissionChanges, parsePermissions, SHM, Structure } from './structures.js';
import { SystemVObject } from './system-v-object.js';

const PAGE = 4096;

/** A segment that is attached to this process. */
export interface Attachment extends Disposable {
  /** The content, shared with all processes that have attached the segment. */
  readonly buffer: Buffer;
  /**
   * Detaches. Buffers that are still referenced stay valid, but private and filled with zeros. Without
   * this call the segment stays attached until the buffer is collected.
   */
  detach(): void;
}

/**
 * A System V shared memory segment. It exists until it is removed, or its namespace ends.
 *
 * @see sysvipc(7), shmget(2)
 * @example
 * using segment = SharedMemory.create('4K');
 * using attachment = segment.attach();
 * attachment.buffer.write('hello');
 */
export class SharedMemory extends SystemVObject {
  /**
   * Creates a segment of zeros, or with `exclusive: false` opens the segment that has the key.
   *
   * @param size the kernel rounds it up to pages
   * @throws {SystemError} EEXIST if the key is taken, ENOSPC at a limit (shmmni, shmall), EINVAL
   *   beyond shmmax, or if the segment with the key is smaller
   * @see shmget(2), ipcmk(1)
   */
  static create(size: Size, options: CreateOptions & InOptions = {}): SharedMemory {
    const bytes = parse.size(size, 'size');
    if (bytes < 1) parse.outOfRange('size', 'at least 1 byte', size);
    const { key, flags, in: target, isNew } = parseCreate(options);
    return withHeld(target, (held) => {
      const id = callIn('ipc', held.namespace, 'shmget', key, bytes, flags);
      return new SharedMemory(id, held, isNew);
    });
  }

  /**
   * Opens the segment with this key.
   *
   * @throws {SystemError} ENOENT if it does not exist, EACCES if the caller may not read it
   */
  static open(key: number, options: InOptions = {}): SharedMemory {
    const { in: target } = parseIn(options);
    parseKey(key, 'key');
    return withHeld(target, (held) => {
      const id = callIn('ipc', held.namespace, 'shmget', key, 0, 0);
      return new SharedMemory(id, held);
    });
  }

  /** Returns a handle of the segment with this id, which is not looked for. */
  static fromId(id: number, options: InOptions = {}): SharedMemory {
    const { in: target } = parseIn(options);
    objectId(id, 'id');
    return new SharedMemory(id, new HeldNamespace(target));
  }

  #stat(): Structure {
    const structure = new Structure();
    callIn('ipc', this.target, 'shmctl', this.id, IPC.STAT, structure.bytes);
    return structure;
  }

  /**
   * Returns the state of the segment.
   *
   * @throws {SystemError} EACCES if the caller may not read it, EINVAL or EIDRM if it has been removed
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
   * Changes owner or permission bits. Members that are left out stay. Allowed for the owner, the
   * creator and CAP_SYS_ADMIN.
   *
   * @see shmctl(2) IPC_SET
   */
  change(changes: PermissionChanges): void {
    const parsed = parsePermissions(changes, 'changes');
    const structure = this.#stat();
    structure.change(parsed);
    callIn('ipc', this.target, 'shmctl', this.id, IPC.SET, structure.bytes);
  }

  /**
   * Attaches the segment to this process, readable and writable. The calling thread must be able to
   * enter the namespace; the memory stays attached when it has left.
   *
   * @throws {SystemError} EACCES without the permission, EPERM if the thread cannot enter the
   *   namespace
   * @see shmat(2)
   */
  attach(): Attachment {
    const { size } = this.stat();
    const attach = () => syscall('shmat', this.id, null, 0);
    const enter = (namespace: Namespace) => namespace.enter(attach);
    const target = this.target;
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
   * Removes the segment: at once, or when the last process detaches.
   *
   * @internal
   */
  protected override removeObject(): void {
    callIn('ipc', this.target, 'shmctl', this.id, IPC.RMID, null);
  }
}

/** Adds the reason why memory cannot be attached: other operations are done by a child. */
function explained<Result>(enter: (namespace: Namespace) => Result) {
  return (namespace: Namespace): Result => {
    try {
      return enter(namespace);
    } catch (error) {
      if (!isSystemError(error, 'EPERM') || error.syscall !== 'setns') throw error;
      const hint =
        'To attach memory, this process itself enters the IPC namespace, which needs CAP_SYS_ADMIN in its own user namespace. A child started there with spawn can attach it.';
      throw new SystemError(error.errno, 'setns', error.args, { hint, cause: error });
    }
  };
}
