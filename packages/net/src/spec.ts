// net(): a new network namespace for a child.
import { assertKeys, type NamespaceSpec } from '@ns/core';
import { addLoopbackUp } from './loopback.js';

/** Options of {@link net}. */
export interface NetOptions {
  /**
   * Bring the loopback interface up, so that 127.0.0.1 and ::1 work. A new network namespace has
   * it, but down. Default: true.
   */
  loopback?: boolean;
}

/** Throws unless the value is a boolean or missing. */
export function assertLoopback(loopback: unknown): void {
  if (loopback !== undefined && typeof loopback !== 'boolean') {
    throw new TypeError(`loopback must be a boolean: ${String(loopback)}`);
  }
}

/**
 * A new network namespace for a child: interfaces, addresses, routes, firewall, ports and abstract
 * sockets of its own. There is nothing in it but the loopback interface, so the child reaches
 * nobody and nobody reaches it.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it.
 *
 * @throws {TypeError} for a wrong option
 * @see network_namespaces(7), unshare(1) `--net`
 * @example await run('curl', ['http://127.0.0.1:8080'], { namespaces: [user({ map: 'root' }), net()] });
 */
export function net(options: NetOptions = {}): NamespaceSpec {
  assertKeys(options, ['loopback'], 'net');
  const { loopback = true } = options;
  assertLoopback(loopback);
  return {
    type: 'net',
    prepare(child) {
      if (loopback) addLoopbackUp(child.program('settings'));
    },
  };
}
