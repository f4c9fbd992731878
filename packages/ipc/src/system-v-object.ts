// The life that shared memory, semaphore sets and message queues have in common.
import { isSystemError, type Namespace } from '@ns/core';
import type { HeldNamespace } from './held-namespace.js';

/** Errors of an object that was removed by another process, or with its namespace. */
const gone = ['EINVAL', 'EIDRM', 'ENOENT'];

/** An object of System V IPC. `using` removes an object that was created, and leaves an opened one. */
export abstract class SystemVObject implements Disposable, AsyncDisposable {
  /** The id in its namespace. */
  readonly id: number;
  readonly #held: HeldNamespace;
  #isOwned: boolean;

  /** @internal */
  protected constructor(id: number, held: HeldNamespace, isOwned = false) {
    this.id = id;
    this.#held = held;
    this.#isOwned = isOwned;
  }

  /** The namespace of the object; undefined for that of the calling thread. @internal */
  protected get target(): Namespace | undefined {
    return this.#held.namespace;
  }

  /** Makes the system call that removes the object. @internal */
  protected abstract removeObject(): void;

  /**
   * Removes the object. Allowed for its owner, its creator and CAP_SYS_ADMIN.
   *
   * @throws {SystemError} EPERM for others, EINVAL or EIDRM if it has been removed
   * @see shmctl(2) IPC_RMID, semctl(2) IPC_RMID, msgctl(2) IPC_RMID, ipcrm(1)
   */
  remove(): void {
    this.removeObject();
    this.#isOwned = false;
  }

  /**
   * Lets go of the object, which stays: disposal does not remove it any more. Closes the namespace, if `in`
   * was a pid. A second call does nothing.
   */
  close(): void {
    this.#isOwned = false;
    this.#held.close();
  }

  /**
   * Removes an object that was created by this handle, and closes the namespace, for `using`. A second call
   * does nothing.
   */
  [Symbol.dispose](): void {
    try {
      if (this.#isOwned) this.removeObject();
    } catch (error) {
      if (!gone.some((code) => isSystemError(error, code))) throw error;
    } finally {
      this.close();
    }
  }

  /** Does the same as `using`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}
