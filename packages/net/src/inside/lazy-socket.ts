// Client sockets. Node makes the socket late: when the name is resolved, and once more for each
// address that it tries. Each time it gives its net.Socket a new handle, and asks that to connect or
// bind; the handle is given a socket of the namespace at that moment, before it would make its own.
import type { Socket, SocketConstructorOpts } from 'node:net';
import type { Namespace } from '@ns/core';
import { closeFd } from '@ns/core/sys';
import { AF_INET, AF_INET6, makeSocket, SOCK_STREAM } from './bound-socket.js';
import { type NamedHandle, nameByKernel } from './socket-names.js';

/** Members of Node's handle of a TCP socket that are used here. */
interface TcpHandle extends NamedHandle {
  open(fd: number): number;
  connect(...args: unknown[]): number;
  connect6(...args: unknown[]): number;
  bind(...args: unknown[]): number;
  bind6(...args: unknown[]): number;
}

const METHODS = [
  ['connect', AF_INET],
  ['connect6', AF_INET6],
  ['bind', AF_INET],
  ['bind6', AF_INET6],
] as const;

function placeInside(handle: TcpHandle, namespace: Namespace): void {
  let placed = false;
  nameByKernel(handle);
  for (const [method, family] of METHODS) {
    const original = handle[method];
    handle[method] = (...args) => {
      if (!placed) {
        const fd = makeSocket(namespace, family, SOCK_STREAM);
        const error = handle.open(fd);
        if (error !== 0) {
          closeFd(fd);
          return error;
        }
        placed = true;
      }
      return original.apply(handle, args);
    };
  }
}

function isTcpHandle(value: unknown): value is TcpHandle {
  if (typeof value !== 'object' || value === null) return false;
  const handle = value as Record<string, unknown>;
  return ['open', ...METHODS.map(([method]) => method)].every(
    (method) => typeof handle[method] === 'function',
  );
}

/** A net.Socket that will connect from inside the namespace, whenever Node makes its sockets. */
export function insideSocket(namespace: Namespace, options: SocketConstructorOpts): Socket {
  const { Socket } = process.getBuiltinModule('node:net'); // takes a while to load
  const socket = new Socket(options);
  // Where Node keeps the handle: behind an accessor of the prototype, or in a property.
  const inherited = Object.getOwnPropertyDescriptor(Socket.prototype, '_handle');
  let current: unknown = null;
  Object.defineProperty(socket, '_handle', {
    configurable: true,
    enumerable: true,
    get: () => (inherited?.get ? inherited.get.call(socket) : current),
    set(handle: unknown) {
      if (isTcpHandle(handle)) placeInside(handle, namespace);
      else if (handle !== null) throw new TypeError('only TCP connections go into the namespace');
      if (inherited?.set) inherited.set.call(socket, handle);
      else current = handle;
    },
  });
  return socket;
}
