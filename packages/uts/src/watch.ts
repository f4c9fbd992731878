// Changes of the names, as they happen. The kernel wakes whoever polls the files of /proc/sys, at
// changes in any UTS namespace.
import { constants } from 'node:fs';
import { AT, assertKeys, ownOptions } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall, watch } from '@ns/core/sys';
import { getDomainname, getHostname } from './names.js';
import type { ReadOptions } from './uname.js';

/** Options of what watches a UTS namespace. */
export interface WatchOptions extends ReadOptions {
  /** Ends the watching with an AbortError. */
  signal?: AbortSignal;
}

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPOLL_EVENT_SIZE = 16;

/**
 * Calls back at each change of a file of /proc/sys. Such a file is always readable, and tells of
 * changes by an error condition; an epoll instance of its own makes that something to wait for.
 */
function watchFile(path: string, callback: () => void): () => void {
  const file = syscall('openat', AT.FDCWD, path, constants.O_RDONLY | O_CLOEXEC, 0);
  let epoll = -1;
  const close = () => {
    closeFd(file);
    if (epoll !== -1) closeFd(epoll);
  };
  try {
    epoll = syscall('epoll_create1', O_CLOEXEC);
    const event = new DataView(new ArrayBuffer(EPOLL_EVENT_SIZE));
    event.setUint32(0, EPOLLPRI, true);
    syscall('epoll_ctl', epoll, EPOLL_CTL_ADD, file, event);
    const handle = watch(epoll, { readable: true }, callback);
    return () => {
      handle.close();
      close();
    };
  } catch (error) {
    close();
    throw error;
  }
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

async function* changes(
  path: string,
  read: () => string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void> {
  let wake = () => {};
  let failure: Error | undefined;
  const onAbort = () => {
    failure = abortError(signal as AbortSignal);
    wake();
  };
  if (signal?.aborted) throw abortError(signal);
  const stop = watchFile(path, () => wake());
  // The event loop takes the descriptor up in its next round, and by that uses up what the kernel
  // has to tell of changes until then: look again after it.
  const look = setImmediate(() => {
    setImmediate(() => wake());
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    let last = read();
    for (;;) {
      // Asked for before reading, so that no change falls between the two.
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const now = read();
      if (now !== last) {
        last = now;
        yield now;
        if (failure) throw failure;
        continue;
      }
      await woken;
      if (failure) throw failure;
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    clearImmediate(look);
    stop();
  }
}

function start(
  path: string,
  get: (options: ReadOptions) => string,
  options: WatchOptions,
): AsyncGenerator<string, void> {
  assertKeys(options, ['in', 'encoding', 'signal'], 'options');
  const { signal, ...reading } = ownOptions(options);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal: ${String(signal)}`);
  }
  return changes(path, () => get(reading), signal);
}

/**
 * The host name at each change, from the first `next()` on. Of changes in quick succession, only
 * the last may be seen.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see proc_sys_kernel(5)
 * @example for await (const name of watchHostname()) console.log(name);
 */
export function watchHostname(options: WatchOptions = {}): AsyncGenerator<string, void> {
  return start('/proc/sys/kernel/hostname', getHostname, options);
}

/** The NIS domain name at each change, as {@link watchHostname} does. */
export function watchDomainname(options: WatchOptions = {}): AsyncGenerator<string, void> {
  return start('/proc/sys/kernel/domainname', getDomainname, options);
}
