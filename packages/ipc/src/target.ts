// Where an operation takes place.
import type { NamespaceTarget } from '@ns/core/authors';

/** Options of everything that can work in another IPC namespace. */
export interface InOptions {
  /** The IPC namespace: a handle, or the pid of a process in it. Default: the calling thread's. */
  in?: NamespaceTarget;
}
