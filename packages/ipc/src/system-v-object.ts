// The life that shared memory, semaphore sets and message queues have in common.
import { isSystemError } from '@ns/core';
import type { NamespaceTarget } from '@ns/core/authors';

/** Errors of an object that was removed by another process, or with its namespace. */
const gone = ['EINVAL', 'EIDRM', 'ENOENT', 'ESRCH'];

/** An object of System V IPC. `using` removes an object that was created, and leaves an opened one. */
export abstract class SystemVObject implements Disposable, AsyncDisposable {
  /** The id in its namespace. */
  readonly id: number;
  /** The namespace of the object. @internal */
  protected readonly target: NamespaceTarget | undefined;
  #isOwned: boolean;

  /** @internal */
  protected constructor(id: number, target: NamespaceTarget | undefined, isOwned = false) {
    this.id = id;
    this.target = target;
    this.#isOwned = isOwned;
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

  /** Removes an object that was created by this handle, for `using`. A second call does nothing. */
  [Symbol.dispose](): void {
    if (!this.#isOwned) return;
    this.#isOwned = false;
    try {
      this.removeObject();
    } catch (error) {
      if (!gone.some((code) => isSystemError(error, code))) throw error;
    }
  }

  /** Does the same as `using`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
  }
}
