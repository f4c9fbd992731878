// net(): a new network namespace for a child.
import type { NamespaceSpec } from '@ns/core';
import { isolatedNet } from './isolated.js';
import { checked } from './options.js';
import { type UplinkOption, uplinkOf } from './uplink/uplink-option.js';

/** Options of {@link net}. */
export interface NetOptions {
  /**
   * Bring the loopback interface up, so that 127.0.0.1 and ::1 work. A new network namespace has
   * it, but down. Default: true.
   */
  loopback?: boolean;
  /**
   * A way outside, which is there before the command starts and ends with it. `'pasta'` and
   * `'slirp4netns'` need no privileges; as objects, `{ tool: 'pasta', forward: [{ host: 8080,
   * inside: 80 }] }`, they take the options of {@link userUplink}. `{ nat: true, bridge: 'br0' }`
   * is for root, with the options of {@link natUplink}. Default: none.
   */
  uplink?: UplinkOption;
}

/** Throws unless the value is a boolean or missing. */
export function assertLoopback(loopback: unknown): void {
  if (loopback !== undefined && typeof loopback !== 'boolean') {
    throw new TypeError(`loopback must be a boolean: ${String(loopback)}`);
  }
}

/**
 * A new network namespace for a child: interfaces, addresses, routes, firewall, ports and abstract
 * sockets of its own. There is nothing in it but the loopback interface, so without an uplink the
 * child reaches nobody and nobody reaches it.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it.
 *
 * With an uplink by a program, the child is to be started by what does not block (`spawn`, `run`).
 *
 * @throws {TypeError | RangeError} for a wrong option
 * @see network_namespaces(7), unshare(1) `--net`
 * @example await run('curl', ['http://127.0.0.1:8080'], { namespaces: [user({ map: 'root' }), net()] });
 */
export function net(options: NetOptions = {}): NamespaceSpec {
  const { loopback = true, uplink } = checked(options, ['loopback', 'uplink'], 'net');
  assertLoopback(loopback);
  const addUplink = uplink === undefined ? undefined : uplinkOf(uplink);
  const spec = isolatedNet(loopback);
  if (addUplink === undefined) return spec;
  return {
    ...spec,
    prepare(child) {
      spec.prepare?.(child);
      addUplink(child);
    },
  };
}
