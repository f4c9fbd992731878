// For tests: a world outside that is a namespace as well.
import { execFileSync } from 'node:child_process';
import { createNamespace } from '@ns/core';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';

/** A host with a cable to a server outside. */
export function outside() {
  const host = createNamespace(isolatedNet());
  const server = createNamespace(isolatedNet());
  const rtnetlink = Rtnetlink.open({ in: host });
  const other = Rtnetlink.open({ in: server });
  rtnetlink.links.add({
    kind: 'veth',
    name: 'wan',
    up: true,
    peer: { name: 'eth0', namespace: server },
  });
  rtnetlink.addresses.add({ dev: 'wan', address: '192.0.2.1/24' });
  other.links.up('eth0');
  other.addresses.add({ dev: 'eth0', address: '192.0.2.2/24' });
  other.close();
  return {
    host,
    server,
    rtnetlink,
    rules: () => host.enter(() => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })),
    [Symbol.dispose]() {
      rtnetlink.close();
      host.close();
      server.close();
    },
  };
}
