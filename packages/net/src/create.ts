// A network namespace without a process.
import { createNamespace as create, type Namespace } from '@ns/core';
import { bringLoopbackUp } from './loopback.js';
import { checked } from './options.js';
import { assertLoopback, type NetOptions } from './spec.js';

/**
 * Makes a network namespace that no process is in: it lives as long as the handle is open, or
 * something else holds it (a child, a socket, a name). The calling thread stays where it is.
 *
 * Needs CAP_SYS_ADMIN. Its twin: `ip netns add`, without the name.
 *
 * @throws {TypeError} for a wrong option
 * @throws {SystemError} EPERM without the capability, ENOSPC at the limit of
 *   /proc/sys/user/max_net_namespaces
 * @see unshare(2), network_namespaces(7)
 * @example
 * const lab = createNamespace();
 * lab.enter(() => server.listen(8080)); // nobody outside can connect
 */
export function createNamespace(options: Pick<NetOptions, 'loopback'> = {}): Namespace {
  const { loopback = true, uplink } = checked<NetOptions>(options, ['loopback', 'uplink']);
  assertLoopback(loopback);
  if (uplink !== undefined) {
    throw new TypeError('uplink is for a child: here, make it by natUplink(namespace)');
  }
  const namespace = create('net');
  try {
    if (loopback) namespace.enter(bringLoopbackUp);
    return namespace;
  } catch (error) {
    namespace.close();
    throw error;
  }
}
