// Opens network namespaces, and sockets that live in them.
import { Namespace } from '@ns/core';
import { openIn, withTarget } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import type { NetTarget } from './in-net.js';
import { pathOfName } from './named/names.js';

const SOCK_CLOEXEC = 0o2000000;

/** Gives a handle of the namespace to a function; a handle opened for it is closed afterwards. */
export function withNet<Result>(target: NetTarget, use: (namespace: Namespace) => Result): Result {
  if (typeof target !== 'string') return withTarget('net', target, use);
  const namespace = Namespace.fromPath(pathOfName(target), 'net');
  try {
    return use(namespace);
  } finally {
    namespace.close();
  }
}

/** Opens a handle, which the caller closes. Without a target, of the calling thread's namespace. */
export function openNet(target: NetTarget | undefined): Namespace {
  if (target === undefined) return Namespace.current('net');
  return withNet(target, (namespace) => Namespace.fromFd(namespace.fd, 'net'));
}

/**
 * Opens a socket that lives in a namespace: made by the calling thread if it may enter there, else by a
 * child that joins the user namespace that owns it. Close-on-exec.
 *
 * @throws {SystemError} when the kernel refuses
 */
export function socketIn(
  target: NetTarget | undefined,
  domain: number,
  type: number,
  protocol: number,
): number {
  const args = [domain, type | SOCK_CLOEXEC, protocol] as const;
  if (target === undefined) return syscall('socket', ...args);
  return withNet(target, (namespace) => openIn('net', namespace, 'socket', ...args));
}
