// Streams of Node's over a descriptor.
import type { Socket } from 'node:net';

/**
 * Options that streams of Node's would take from a polluted `Object.prototype`, and that would change
 * what arrives.
 */
export const nothingInherited = { encoding: undefined, objectMode: false, signal: undefined };

/** Makes a stream that owns a pipe or a socket. */
export function socketOf(fd: number, readable: boolean, writable: boolean): Socket {
  const { Socket } = process.getBuiltinModule('node:net'); // takes a while to load
  return new Socket({ ...nothingInherited, fd, readable, writable } as object);
}
