// Datagram sockets that are bound inside, also where Node binds them on its own before it sends.
import type { Socket, SocketOptions } from 'node:dgram';
import type { Namespace } from '@ns/core';
import { closeFd } from '@ns/core/sys';
import { isIP } from '../is-ip.js';
import { assertPort, boundSocket, SOCK_DGRAM } from './bound-socket.js';
import type { Resolver } from './resolver.js';
import { isUnknownZone } from './socket-names.js';

interface BindRequest {
  port: number;
  address: string | undefined;
  callback: (() => void) | undefined;
}

function bindRequest(args: readonly unknown[]): BindRequest {
  const callback = args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined;
  const [first, second] = args.filter((arg) => typeof arg !== 'function');
  if (typeof first === 'object' && first !== null) {
    const { port, address, fd } = first as { port?: number; address?: string; fd?: number };
    if (fd !== undefined) throw new TypeError('fd: the socket is made inside');
    return { port: port ?? 0, address, callback };
  }
  return {
    port: (first as number | undefined) ?? 0,
    address: second as string | undefined,
    callback,
  };
}

/** True if Node binds because a datagram is sent before a call of bind(). */
function isImplicit([first, second]: readonly unknown[]): boolean {
  return typeof first === 'object' && second === null;
}

/** A dgram.Socket of the namespace. */
export function insideDatagrams(
  namespace: Namespace,
  resolver: Resolver,
  options: SocketOptions,
): Socket {
  const { createSocket } = process.getBuiltinModule('node:dgram');
  const socket = createSocket({ lookup: resolver.lookup as SocketOptions['lookup'], ...options });
  const v6 = options.type === 'udp6';
  const original = socket.bind.bind(socket);
  // A datagram of a link-local neighbour comes as an error if its interface is not known here. It is
  // lost, as datagrams may be; without a listener for errors it would end the process.
  const emit = socket.emit.bind(socket);
  socket.emit = ((event: string, ...args: unknown[]) => {
    if (event === 'error' && isUnknownZone(args[0])) return false;
    return (emit as (...all: unknown[]) => boolean)(event, ...args);
  }) as typeof socket.emit;
  const takeOver = (address: string, port: number) => {
    const { reuseAddr, ipv6Only } = options;
    const fd = boundSocket(namespace, { type: SOCK_DGRAM, address, port, reuseAddr, ipv6Only });
    // As in Node, bind() returns before the event.
    process.nextTick(() => {
      try {
        original({ fd });
      } catch (error) {
        closeFd(fd); // closed meanwhile
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
      }
    });
  };
  // What binds late must not be bound twice, nor to a name that is not resolved yet.
  let bound = false;
  socket.bind = (...args: unknown[]): Socket => {
    const { port, address, callback } = bindRequest(args);
    assertPort(port);
    if (bound && isImplicit(args)) return socket; // on its way
    if (bound)
      throw Object.assign(new Error('Socket is already bound'), {
        code: 'ERR_SOCKET_ALREADY_BOUND',
      });
    bound = true;
    if (callback) socket.once('listening', callback);
    const where = address ?? (v6 ? '::' : '0.0.0.0');
    const fail = (error: unknown) => process.nextTick(() => socket.emit('error', error));
    try {
      if (isIP(where)) takeOver(where, port);
      else {
        resolver
          .all(where, v6 ? 6 : 4)
          .then(([first]) => takeOver(first?.address ?? where, port))
          .catch(fail);
      }
    } catch (error) {
      fail(error);
    }
    return socket;
  };
  return socket;
}
