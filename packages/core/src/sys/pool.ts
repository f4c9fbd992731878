// libuv's thread pool, which carries asynchronous calls.
import { rawSyscallAsync } from './native.js';
import { syscallNumber } from './numbers.js';

let exists = false;

/**
 * Makes sure that all threads of libuv's pool exist. They are born together at the pool's first
 * use, in the namespaces of the thread that uses it: had that thread moved before, every later
 * asynchronous file operation of the process would run in a stranger's namespaces.
 *
 * The FFI always uses the pool; Node's own file operations may go through io_uring instead. The
 * call returns when the threads run: libuv waits for them before it queues the first work.
 */
export function ensurePoolThreads(): void {
  if (exists) return;
  exists = true;
  rawSyscallAsync(syscallNumber('getpid'), [0, 0, 0, 0, 0, 0]).catch(() => {
    // Only that it was queued matters.
  });
}
