// Addresses of sockets whose zone is an interface of another namespace.
//
// libuv asks the calling thread's namespace for the name of a link-local zone, where the interface may
// not be: reading `remoteAddress` throws then, and a neighbour on the link that only connects would
// end this process. So the kernel is asked here, and the zone stays a number.
import type { Socket } from 'node:net';
import { isSystemError } from '@ns/core';
import { syscall } from '@ns/core/sys';
import { formatIP } from '../netlink/addresses.js';

const SOCKADDR_IN6 = 28;
const AF_INET6 = 10;
const UNKNOWN_ZONE = 'ENXIO';

interface Name {
  address?: string | undefined;
  family?: string | undefined;
  port?: number | undefined;
}

/** Members of Node's handle of a socket that are used here. */
export interface NamedHandle {
  readonly fd: number;
  getpeername(name: Name): number;
  getsockname(name: Name): number;
}

/** True if libuv did not know the interface of a zone. */
export const isUnknownZone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === UNKNOWN_ZONE && !isSystemError(error);

function nameOf(call: 'getpeername' | 'getsockname', fd: number): Name {
  const bytes = Buffer.alloc(SOCKADDR_IN6);
  const size = new Int32Array([bytes.length]);
  syscall(call, fd, bytes, size);
  if (bytes.readUInt16LE(0) !== AF_INET6) return {};
  const zone = bytes.readUInt32LE(24);
  return {
    address: `${formatIP(bytes, 8, 24)}%${zone}`,
    family: 'IPv6',
    port: bytes.readUInt16BE(2),
  };
}

/** Lets the addresses of a handle be read whatever their zone. */
export function nameByKernel(handle: NamedHandle): void {
  for (const call of ['getpeername', 'getsockname'] as const) {
    const original = handle[call];
    handle[call] = (name) => {
      try {
        return original.call(handle, name);
      } catch (error) {
        if (!isUnknownZone(error)) throw error;
        Object.assign(name, nameOf(call, handle.fd));
        return 0;
      }
    };
  }
}

/** The same for a connection that a server has accepted. */
export function nameAccepted(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle: NamedHandle | null };
  if (handle) nameByKernel(handle);
}
