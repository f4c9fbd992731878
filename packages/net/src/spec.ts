// net(): a new network namespace for a child.
import type { NamespaceSpec } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { isolatedNet } from './isolated.js';
import { type UplinkOption, uplinkOption } from './uplink/uplink-option.js';

/** Options of {@link net}. */
export interface NetOptions {
  /**
   * Bring the loopback interface up, so that 127.0.0.1 and ::1 work. A new network namespace has
   * it, but down. Default: true.
   */
  loopback?: boolean | undefined;
  /**
   * An uplink, which is there before the command starts and ends with it. `'pasta'` and `'slirp4netns'`
   * need no privileges. As objects, `{ tool: 'pasta', forward: [{ host: 8080, inside: 80 }] }`, they take
   * the options of {@link createUserUplink}. `{ nat: true, bridge: 'br0' }` is for root, with the options
   * of {@link createNatUplink}. Default: none.
   */
  uplink?: UplinkOption | undefined;
}

const parseNet = parse.options({
  loopback: parse.withDefault(parse.boolean, true),
  uplink: uplinkOption,
} satisfies Members<NetOptions>);

/**
 * Returns the spec of a new network namespace: interfaces, addresses, routes, firewall, ports and
 * abstract sockets of its own. It has the loopback interface only: without an uplink, its sockets
 * reach only each other.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it.
 *
 * With an uplink by a program, start the child by `spawn` or `run`: `runSync` cannot wait for the program.
 *
 * @throws {TypeError | RangeError} for a wrong option
 * @see network_namespaces(7), unshare(1) `--net`
 * @example
 * await run('curl', ['http://127.0.0.1:8080'], { namespaces: [user({ map: 'root' }), net()] });
 */
export function net(options: NetOptions = {}): NamespaceSpec {
  const { loopback, uplink: addUplink } = parseNet(options, 'net');
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
