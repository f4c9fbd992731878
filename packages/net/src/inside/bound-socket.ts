// Sockets made and bound in a namespace, as descriptors for Node's own objects to take over.

import type { Namespace } from '@ns/core';
import { closeFd, syscall } from '@ns/core/sys';
import { isIPv6 } from '../is-ip.js';
import { socketAddress } from '../netlink/sockaddr.js';
import { setOption } from '../netlink/socket.js';
import { socketIn } from '../open-net.js';

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** A socket of the namespace, neither bound nor connected. */
export function makeSocket(namespace: Namespace, family: number, type: number): number {
  return socketIn(namespace, family, type | SOCK_NONBLOCK, 0);
}

/** Options of a socket and its address. */
export interface BindOptions {
  readonly type: number;
  readonly address: string;
  readonly port: number;
  readonly reuseAddr?: boolean | undefined;
  readonly reusePort?: boolean | undefined;
  readonly ipv6Only?: boolean | undefined;
}

/** Throws unless the value is a port number. */
export function assertPort(port: unknown): asserts port is number {
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 0xffff) {
    throw new RangeError(`port must be an integer from 0 to 65535: ${String(port)}`);
  }
}

/** A socket of the namespace that is bound to an address. */
export function boundSocket(namespace: Namespace, options: BindOptions): number {
  const { type, address, port, reuseAddr, reusePort, ipv6Only } = options;
  const family = isIPv6(address) ? AF_INET6 : AF_INET;
  const where = socketAddress(address, port);
  const fd = makeSocket(namespace, family, type);
  try {
    if (reuseAddr) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (reusePort) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0);
    syscall('bind', fd, where, where.length);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}
