// Sockets of other network namespaces: made in there, used from here.
import {
  isSystemError,
  Namespace,
  type NamespaceTarget,
  PR,
  Program,
  runProgramSync,
  withJoins,
  withTarget,
} from '@ns/core';
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

/** A handle of the namespace that is the caller's to close. */
export function openNet(target: NetTarget | undefined): Namespace {
  if (target === undefined) return Namespace.current('net');
  return withNet(target, (namespace) => Namespace.fromFd(namespace.fd, 'net'));
}

/**
 * A child joins the namespaces and makes the socket; we take it over from the child while it waits.
 * It must let itself be inspected for that: it holds nothing but this socket, and ends at once.
 */
function socketByChild(namespace: Namespace, args: readonly [number, number, number]): number {
  const program = new Program();
  program.call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0);
  const socket = program.call('socket', ...args, { step: 'making a socket in the namespace' });
  let taken = -1;
  program.meet((child) => {
    taken = syscall('pidfd_getfd', child.pidfd, child.resultOf(socket), 0);
  });
  withJoins(namespace, (namespaces) => runProgramSync(program, { namespaces }));
  return taken;
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
  return withNet(target, (namespace) => {
    try {
      return namespace.enter(() => syscall('socket', ...args));
    } catch (error) {
      // Whoever has no privilege over the caller's own user namespace can still send a child.
      if (!isSystemError(error, 'EPERM') || error.syscall !== 'setns') throw error;
      return socketByChild(namespace, args);
    }
  });
}
