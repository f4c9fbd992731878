// Runs a function with the calling thread in another namespace, and always comes back. This is the
// hot path of in-process work in namespaces: two system calls and next to nothing around them.

import { rawSyscall } from '../sys/native.js';
import { syscallNumber } from '../sys/numbers.js';
import { SystemError } from '../sys/system-error.js';
import { keepDirectories } from './directories.js';
import { stop } from './lost-thread.js';
import { nameOfNsfs } from './nsfs.js';
import { setnsHint } from './thread-hints.js';
import { find, forget, type ThreadNamespace } from './thread-namespaces.js';

// An import of node:util would load all that it can do.
const { types } = process.getBuiltinModule('node:util');

const SETNS = syscallNumber('setns');
const UNSHARE = syscallNumber('unshare');

/** Refuses, before anything is done, functions whose body would not run inside. */
export function assertSynchronous(fn: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`fn must be a function: ${String(fn)}`);
  if (fn.constructor === Function) return;
  if (types.isAsyncFunction(fn) || types.isGeneratorFunction(fn)) {
    throw new TypeError(
      'fn must be an ordinary function: the rest of an async function or generator runs later, when the thread is back. Do the waiting outside.',
    );
  }
}

/** Returns true for a promise and anything else that can be awaited. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function refuse(promise: PromiseLike<unknown>): never {
  promise.then(undefined, () => {}); // the error below is the one to be seen
  throw new TypeError(
    'fn must not return a promise: what it still does runs when the thread is back. Do the waiting outside.',
  );
}

/**
 * A descriptor by which the thread can surely come back. Not a matter of course: as root in a user
 * namespace of its own, with the network of the machine around it, a process may leave that network
 * and never return. Joining where it already is asks the kernel for exactly this permission.
 */
function wayBack(thread: ThreadNamespace): number {
  const { here, type, flag } = thread;
  if (here >= 0) return here;
  const back = find(thread);
  const allowed = rawSyscall(SETNS, back, flag, 0, 0, 0, 0) as number;
  if (allowed === 0) return back;
  forget(thread);
  const step = 'making sure that the thread can come back';
  throw new SystemError(-allowed, 'setns', [back, flag], { step, ...setnsHint(-allowed, [type]) });
}

function comeBack({ type, flag }: ThreadNamespace, back: number): void {
  const result = rawSyscall(SETNS, back, flag, 0, 0, 0, 0) as number;
  if (result < 0) stop(type, -result);
}

function enterMount<Result>(thread: ThreadNamespace, fd: number, fn: () => Result): Result {
  const directories = keepDirectories();
  try {
    wayBack(thread);
  } catch (error) {
    directories.forget();
    throw error;
  }
  try {
    return enterAt(thread, fd, fn);
  } finally {
    directories.comeBack();
  }
}

/** {@link enterInto} without what only mount namespaces need. */
function enterAt<Result>(thread: ThreadNamespace, fd: number, fn: () => Result): Result {
  const back = wayBack(thread);
  const { owned, flag } = thread;
  const entered = rawSyscall(SETNS, fd, flag, 0, 0, 0, 0) as number;
  if (entered < 0) {
    const step = `entering ${nameOfNsfs(fd)}`;
    throw new SystemError(-entered, 'setns', [fd, flag], {
      step,
      ...setnsHint(-entered, [thread.type]),
    });
  }
  thread.here = fd;
  thread.owned = false;
  thread.depth++;
  let result: Result;
  try {
    result = fn();
  } finally {
    comeBack(thread, back);
    forget(thread); // what fn moved to, if it did
    thread.here = back;
    thread.owned = owned;
    thread.depth--;
  }
  if (isThenable(result)) refuse(result);
  return result;
}

/**
 * Runs `fn` in the namespace of this descriptor. The thread is back when this returns or throws;
 * if the kernel does not let it come back, the process ends.
 */
export function enterInto<Result>(thread: ThreadNamespace, fd: number, fn: () => Result): Result {
  return thread.type === 'mount' ? enterMount(thread, fd, fn) : enterAt(thread, fd, fn);
}

/** Goes into a new namespace for as long as `fn` takes. Not for mount. */
export function enterNew<Result>(thread: ThreadNamespace, fn: () => Result): Result {
  const back = wayBack(thread);
  const made = rawSyscall(UNSHARE, thread.flag, 0, 0, 0, 0, 0) as number;
  if (made < 0) throw new SystemError(-made, 'unshare', [thread.flag]);
  try {
    return fn();
  } finally {
    comeBack(thread, back);
  }
}
