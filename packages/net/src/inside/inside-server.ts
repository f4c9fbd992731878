// Servers that listen inside: any net.Server, which http, https and tls servers are as well.
import type { ListenOptions, Server } from 'node:net';
import { isSystemError, type Namespace } from '@ns/core';
import { closeFd } from '@ns/core/sys';
import { isIP } from '../is-ip.js';
import { assertPort, boundSocket, SOCK_STREAM } from './bound-socket.js';
import type { Resolver } from './resolver.js';
import { nameAccepted } from './socket-names.js';

type Listen = Server['listen'];

/** The arguments of listen() in one form. */
export function listenOptions(args: readonly unknown[]): {
  options: ListenOptions;
  callback: (() => void) | undefined;
} {
  const callback = args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined;
  const [first, ...rest] = args.filter((arg) => typeof arg !== 'function' && arg !== undefined);
  if (typeof first === 'object' && first !== null) return { options: first, callback };
  if (typeof first === 'string' && !/^\d+$/.test(first))
    return { options: { path: first }, callback };
  const host = rest.find((arg) => typeof arg === 'string') as string | undefined;
  const backlog = rest.find((arg) => typeof arg === 'number') as number | undefined;
  return {
    options: {
      port: Number(first ?? 0),
      ...(host === undefined ? {} : { host }),
      ...(backlog === undefined ? {} : { backlog }),
    },
    callback,
  };
}

/** Bound to all addresses: of both families if there is IPv6, as Node does it. */
function bindAnywhere(namespace: Namespace, port: number, options: ListenOptions): number {
  const bind = (address: string) =>
    boundSocket(namespace, {
      type: SOCK_STREAM,
      address,
      port,
      reuseAddr: true,
      ipv6Only: options.ipv6Only,
    });
  try {
    return bind('::');
  } catch (error) {
    const without = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'];
    if (!isSystemError(error) || !without.includes(error.code)) throw error;
    return bind('0.0.0.0');
  }
}

/** Makes the server listen inside, whenever it is asked to listen. */
export function placeServer<S extends Server>(
  server: S,
  namespace: Namespace,
  resolver: Resolver,
): S {
  const original: Listen = server.listen.bind(server);
  const takeOver = (fd: number, { backlog }: ListenOptions) => {
    try {
      original({ fd, ...(backlog === undefined ? {} : { backlog }) });
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  };
  const fail = (error: unknown) => process.nextTick(() => server.emit('error', error));

  const listen = (...args: unknown[]): S => {
    const { options, callback } = listenOptions(args);
    const { fd } = options as { fd?: number };
    if (fd !== undefined) return original(options, callback) as S;
    if (options.path !== undefined) {
      // In the file system there is only one namespace; abstract names belong to the network's.
      throw new TypeError('path: only TCP servers listen inside');
    }
    const port = Number(options.port ?? 0);
    assertPort(port);
    const { host, signal } = options;
    if (callback) server.once('listening', callback);
    signal?.addEventListener('abort', () => server.close(), { once: true });
    const bindTo = (address: string) =>
      boundSocket(namespace, {
        type: SOCK_STREAM,
        address,
        port,
        reuseAddr: true,
        ipv6Only: options.ipv6Only,
      });
    try {
      if (!host) takeOver(bindAnywhere(namespace, port, options), options);
      else if (isIP(host)) takeOver(bindTo(host), options);
      else {
        resolver
          .all(host)
          .then(([first]) => takeOver(bindTo(first?.address ?? host), options))
          .catch(fail);
      }
    } catch (error) {
      fail(error);
    }
    return server;
  };
  (server as Server).listen = listen as Listen;
  // Before the listeners of the server's own class, which may ask for the addresses.
  server.prependListener('connection', nameAccepted);
  return server;
}
