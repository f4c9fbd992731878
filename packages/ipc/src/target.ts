// Where an operation takes place.
import { assertKeys, type NamespaceTarget } from '@ns/core';

/** Options of everything that can work in another IPC namespace. */
export interface InOptions {
  /** The IPC namespace: a handle, or the pid of a process in it. Default: the calling thread's. */
  in?: NamespaceTarget;
}

/** What options name that can only name a namespace. @throws {TypeError} for any other option */
export function targetOf(options: InOptions): InOptions['in'] {
  assertKeys(options, ['in'], 'options');
  return options.in;
}
