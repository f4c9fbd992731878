// Changes of the names, as they happen. The kernel wakes a process that polls the files of /proc/sys,
// at changes in any UTS namespace.
import { constants } from 'node:fs';
import { Namespace, Watch, type WatchSource } from '@ns/core';
import { AT, type Members, type NamespaceTarget, parse, withTarget } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, type Watch as Poll, watch as poll, syscall } from '@ns/core/sys';
import { type ReadOptions, readField, readMembers } from './uname.js';

/** Options of functions that watch the names of a UTS namespace. */
export interface WatchOptions extends ReadOptions {
  /** Ends the watch: its reader gets an AbortError. */
  signal?: AbortSignal | undefined;
}

const parseWatch = parse.options({
  ...readMembers,
  signal: parse.abortSignal,
} satisfies Members<WatchOptions>);

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPOLL_EVENT_SIZE = 16;

/**
 * Polls a file of /proc/sys for changes. Such a file is always readable and reports a change as an
 * error condition. An epoll instance that waits for nothing else becomes readable by it.
 */
function pollFile(path: string, callback: () => void): Poll {
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
    const handle = poll(epoll, { readable: true }, callback);
    return {
      ref: () => handle.ref(),
      unref: () => handle.unref(),
      close: () => {
        handle.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Returns a handle of the namespace, to hold it for the time of the watch (SECURITY.md S2). */
function holdTarget(target: NamespaceTarget | undefined): Namespace | undefined {
  if (target === undefined) return undefined;
  return withTarget('uts', target, (namespace) => Namespace.fromFd(namespace.fd, 'uts'));
}

function openSource(
  path: string,
  held: Namespace | undefined,
  read: () => string,
  wake: () => void,
): WatchSource<string> {
  let last = read();
  const handle = pollFile(path, wake);
  // The event loop polls the descriptor from its next round on. That first poll takes the changes up
  // to then without an event, so the name is read again after it.
  let look = setImmediate(() => {
    look = setImmediate(wake);
  });
  return {
    take: () => {
      const now = read();
      if (now === last) return [];
      last = now;
      return [now];
    },
    close: () => {
      clearImmediate(look);
      handle.close();
      held?.close();
    },
    ref: () => handle.ref(),
    unref: () => handle.unref(),
  };
}

function watchField(field: 'nodename' | 'domainname', options: WatchOptions): Watch<string> {
  const { in: target, encoding, signal } = parseWatch(options);
  const path = `/proc/sys/kernel/${field === 'nodename' ? 'hostname' : field}`;
  return new Watch((wake) => {
    const held = holdTarget(target);
    try {
      return openSource(path, held, () => readField(field, { in: held, encoding }), wake);
    } catch (error) {
      held?.close();
      throw error;
    }
  }, signal);
}

/**
 * Watches the host name: an event is the new name. Of changes in quick succession, only the last may
 * be seen. The watch holds the namespace, so that it goes on when no process is left in it.
 *
 * @throws {SystemError} EPERM if the namespace of `in` may not be joined
 * @see proc_sys_kernel(5)
 * @example for await (const name of watchHostname()) console.log(name);
 */
export function watchHostname(options: WatchOptions = {}): Watch<string> {
  return watchField('nodename', options);
}

/** Watches the NIS domain name, as {@link watchHostname} does the host name. */
export function watchDomainname(options: WatchOptions = {}): Watch<string> {
  return watchField('domainname', options);
}
