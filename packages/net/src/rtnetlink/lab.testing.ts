// For tests: a network namespace, its configuration, and what iproute2 says of it.
import { execFileSync } from 'node:child_process';
import { createNamespace } from '@ns/core';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from './rtnetlink.js';

/** An empty one. */
export function emptyLab() {
  const namespace = createNamespace(isolatedNet());
  const rtnetlink = Rtnetlink.open({ in: namespace });
  return {
    namespace,
    rtnetlink,
    /** Returns the JSON that a tool prints, with all details. */
    json: (tool: string, ...args: string[]) =>
      JSON.parse(
        namespace.enter(() => execFileSync(tool, ['-d', '-j', ...args], { encoding: 'utf8' })),
      ),
    [Symbol.dispose]() {
      rtnetlink.close();
      namespace.close();
    },
  };
}

/** One with a pair of interfaces that are up, a0 with an address. */
export function lab() {
  const net = emptyLab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'a0', up: true, peer: { name: 'b0' } });
  net.rtnetlink.links.up('b0');
  net.rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24' });
  return net;
}
