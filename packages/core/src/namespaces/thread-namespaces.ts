// The namespaces of the calling thread: for each type, a descriptor of the namespace that it is in, by which
// it can come back. Kept while it is needed, because asking /proc costs more than two setns(2).
//
// If another native module moves the thread, it comes back to where it was before. unshare() and
// setns() of this package call hasMoved().
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { isMainThread } from '../sys/native.js';
import { ensurePoolThreads } from '../sys/pool.js';

/** The namespace of one type that the calling thread is in. */
export interface ThreadNamespace {
  readonly type: NamespaceType;
  readonly flag: number;
  /** Descriptor of the namespace that the thread is in; -1 while it is not known. */
  here: number;
  /** True if `here` is closed when it is no longer needed; else it belongs to a handle. */
  owned: boolean;
  /** Number of enter() under way. */
  depth: number;
  /** Handles that have entered and are still open: `here` is kept for them. */
  users: number;
  /** True if unshare() or setns() has moved the thread for good. */
  moved: boolean;
}

// One for the thread, not one for each copy of this package that the thread has loaded. A Worker
// has a global object of its own.
const key = Symbol.for('@ns/core/thread-namespaces/1');
const shared = globalThis as { [key]?: Record<NamespaceType, ThreadNamespace> };

function create(): Record<NamespaceType, ThreadNamespace> {
  const threadNamespaces: Partial<Record<NamespaceType, ThreadNamespace>> = {};
  for (const type of allNamespaceTypes) {
    const { flag } = namespaceTypes[type];
    threadNamespaces[type] = {
      type,
      flag,
      here: -1,
      owned: false,
      depth: 0,
      users: 0,
      moved: false,
    };
  }
  return threadNamespaces as Record<NamespaceType, ThreadNamespace>;
}

shared[key] ??= create();
const threadNamespaces = shared[key];

/** Returns the file of the namespace of new children: of pid and time, only that can change. */
function fileOf(type: NamespaceType): string {
  const { file, forChildren } = namespaceTypes[type];
  return forChildren ?? file;
}

/** Returns the calling thread's namespace of this type, kept until {@link releaseThreadNamespace}. */
export function useThreadNamespace(type: NamespaceType): ThreadNamespace {
  const thread = threadNamespaces[type];
  thread.users++;
  return thread;
}

/** The counterpart of {@link useThreadNamespace}. */
export function releaseThreadNamespace(thread: ThreadNamespace): void {
  thread.users--;
  if (thread.users === 0 && thread.depth === 0) forget(thread);
}

/**
 * Finds out where the thread is, while it may still leave. Opened with node:fs, because Node closes
 * what a terminated Worker leaves open that way.
 */
export function find(thread: ThreadNamespace): number {
  ensurePoolThreads();
  thread.here = openSync(`/proc/thread-self/ns/${fileOf(thread.type)}`, 'r');
  thread.owned = true;
  return thread.here;
}

/** Drops the cached namespace, because it is unneeded or outdated. */
export function forget(thread: ThreadNamespace): void {
  // The descriptor is unused: every enter() that needed it was nested in this call, and has returned.
  if (thread.owned) closeSync(thread.here);
  thread.here = -1;
  thread.owned = false;
}

/** Notes that unshare() or setns() has moved the thread. */
export function hasMoved(types: Iterable<NamespaceType>): void {
  for (const type of types) {
    forget(threadNamespaces[type]);
    threadNamespaces[type].moved = true;
  }
}

/** A Worker is born into the namespaces of the thread that made it, which may have been away. */
function bornAway(): boolean {
  return allNamespaceTypes.some((type) => {
    const [mine, leaders] = ['thread-self', 'self'].map((of) => {
      try {
        return readlinkSync(`/proc/${of}/ns/${fileOf(type)}`);
      } catch {
        return ''; // this kernel has no such namespaces
      }
    });
    return mine !== leaders;
  });
}

let away: boolean | undefined = isMainThread ? false : undefined;

/**
 * Returns true if the calling thread is, or may be, in other namespaces than the rest of the process:
 * inside an `enter`, after `unshare` or `setns`, or as a Worker that was made by such a thread.
 * Work on libuv's pool then runs in other namespaces than this thread.
 */
export function isAway(): boolean {
  for (const type of allNamespaceTypes) {
    const { depth, moved } = threadNamespaces[type];
    if (depth > 0 || moved) return true;
  }
  away ??= bornAway();
  return away;
}
