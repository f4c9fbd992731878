// For tests: where a socket lives.
import { Namespace } from '@ns/core';

/** Inode of the namespace that a socket of Node's lives in. */
export function namespaceOf(socket: object): bigint {
  const { fd } = (socket as { _handle: { fd: number } })._handle;
  using namespace = Namespace.fromSocket(fd);
  return namespace.id.ino;
}
