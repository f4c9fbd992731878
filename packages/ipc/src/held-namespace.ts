// The IPC namespace of an object. It is held from the call that names it on: a pid can mean another process
// later (SECURITY.md S2).
import { Namespace } from '@ns/core';
import type { NamespaceTarget } from '@ns/core/authors';

/** A namespace that an object works in: the caller's handle, or one that was opened for a pid. */
export class HeldNamespace {
  /** The handle; undefined for the namespace of the calling thread. */
  readonly namespace: Namespace | undefined;
  readonly #isOpened: boolean;

  /** @throws {SystemError} ENOENT if no process has the pid */
  constructor(target: NamespaceTarget | undefined) {
    this.#isOpened = typeof target === 'number';
    this.namespace = typeof target === 'number' ? Namespace.of(target, 'ipc') : target;
  }

  /** Closes a handle that was opened for a pid. A second call does nothing. */
  close(): void {
    if (this.#isOpened) this.namespace?.close();
  }
}

/** Calls a function with the namespace held; lets go of it if that throws. */
export function withHeld<Result>(
  target: NamespaceTarget | undefined,
  use: (held: HeldNamespace) => Result,
): Result {
  const held = new HeldNamespace(target);
  try {
    return use(held);
  } catch (error) {
    held.close();
    throw error;
  }
}
