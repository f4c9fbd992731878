// Sockets of other network namespaces: made in there, used from here.
import { Namespace } from '@ns/core';
import { type NamespaceTarget, openIn, withTarget } from '@ns/core/authors';
import { syscall } from '@ns/core/sys';
import { pathOfName } from './named/names.js';

const SOCK_CLOEXEC = 0o2000000;

/**
 * A network namespace: a handle, the pid of a process that is in it, or its name as `ip netns`
 * knows it.
 */
export type NetTarget = NamespaceTarget | string;

/** Where an operation takes place. */
export interface InOptions {
  /** The network namespace. Default: the calling thread's. */
  in?: NetTarget | undefined;
}

/** Gives a handle of the namespace to a function; one opened for it is closed afterwards. */
export function withNet<Result>(target: NetTarget, use: (namespace: Namespace) => Result): Result {
  if (typeof target !== 'string') return withTarget('net', target, use);
  const namespace = Namespace.fromPath(pathOfName(target), 'net');
  try {
    return use(namespace);
  } finally {
    namespace.close();
  }
}

/**
 * Throws unless a namespace is named: a call that works in one must not take the caller's own in the
 * place of a variable that is not set.
 */
export function assertNet(target: NetTarget, name = 'namespace'): NetTarget {
  if (target !== undefined && target !== null) return target;
  throw new TypeError(`${name} must be a namespace handle, a pid or a name: ${target}`);
}

/** A handle of the namespace that is the caller's to close. */
export function openNet(target: NetTarget | undefined): Namespace {
  if (target === undefined) return Namespace.current('net');
  return withNet(target, (namespace) => Namespace.fromFd(namespace.fd, 'net'));
}

/**
 * A socket that lives in a namespace: made by the calling thread if it may enter there, else by a
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
