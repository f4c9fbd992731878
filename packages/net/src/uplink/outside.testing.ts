// For tests: a world outside that is a namespace as well.
import { execFileSync } from 'node:child_process';
import { createNamespace } from '@ns/core';
import { isolatedNet } from '../isolated.js';
import { Route } from '../route/route.js';

/** A host with a cable to a server outside. */
export function outside() {
  const host = createNamespace(isolatedNet());
  const server = createNamespace(isolatedNet());
  const route = Route.open({ in: host });
  const other = Route.open({ in: server });
  route.link.add({
    kind: 'veth',
    name: 'wan',
    up: true,
    peer: { name: 'eth0', namespace: server },
  });
  route.address.add({ dev: 'wan', address: '192.0.2.1/24' });
  other.link.up('eth0');
  other.address.add({ dev: 'eth0', address: '192.0.2.2/24' });
  other.close();
  return {
    host,
    server,
    route,
    rules: () => host.enter(() => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })),
    [Symbol.dispose]() {
      route.close();
      host.close();
      server.close();
    },
  };
}
