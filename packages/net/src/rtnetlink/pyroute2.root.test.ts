// pyroute2 as another reader of the same kernel.
import { execFileSync, spawnSync } from 'node:child_process';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from './rtnetlink.js';

// Debian's, where its package is; another Python may come first in the path.
const PYTHON = '/usr/bin/python3';
const SCRIPT = `
import json, socket
from pyroute2 import IPRoute
with IPRoute() as ip:
    print(json.dumps({
        'links': [[l['index'], l.get_attr('IFLA_IFNAME'), l.get_attr('IFLA_MTU'),
                   l.get_attr('IFLA_ADDRESS'), l.get_attr('IFLA_LINK')] for l in ip.get_links()],
        'addresses': [[a['index'], a.get_attr('IFA_LOCAL') or a.get_attr('IFA_ADDRESS'), a['prefixlen']]
                      for a in ip.get_addr()],
        'routes': [[r.get_attr('RTA_DST'), r['dst_len'], r.get_attr('RTA_GATEWAY'),
                    r.get_attr('RTA_OIF'), r.get_attr('RTA_PRIORITY')]
                   for r in ip.get_routes(family=socket.AF_INET, table=254)],
    }))`;

test('links, addresses and routes are as pyroute2 reads them', ({ skip }) => {
  skip(spawnSync(PYTHON, ['-c', 'import pyroute2']).status !== 0, 'pyroute2 is not installed');
  using lab = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: lab });
  rtnetlink.links.add({ kind: 'veth', name: 'a0', mtu: 1400, up: true, peer: { name: 'b0' } });
  rtnetlink.links.up('b0');
  rtnetlink.links.add({ kind: 'bridge', name: 'br0' });
  rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24' });
  rtnetlink.addresses.add({ dev: 'br0', address: '2001:db8::1/64', flags: ['nodad'] });
  rtnetlink.routes.add({ dst: 'default', gateway: '10.0.0.2', metric: 7 });
  rtnetlink.routes.add({ dst: '10.5.0.0/16', dev: 'a0' });
  const shown = JSON.parse(
    lab.enter(() => execFileSync(PYTHON, ['-c', SCRIPT], { encoding: 'utf8' })),
  );
  const links = rtnetlink.links.list();
  const index = new Map(links.map(({ ifname, ifindex }) => [ifname, ifindex]));
  expect(links.map((l) => [l.ifindex, l.ifname, l.mtu, l.address ?? null, l.link ?? null])).toEqual(
    shown.links,
  );
  const addresses = rtnetlink.addresses.list().map((a) => [a.ifindex, a.local, a.prefixlen]);
  // Those that the kernel makes by itself may come between the two readings.
  const stable = (list: unknown[][]) => list.filter(([, one]) => !String(one).startsWith('fe80'));
  expect(stable(addresses)).toEqual(stable(shown.addresses));
  const routes = rtnetlink.routes.list({ family: 'inet', table: 'main' }).map((r) => {
    const [dst = '', length] = r.dst === 'default' ? [] : r.dst.split('/');
    const to = r.dst === 'default' ? [null, 0] : [dst, Number(length ?? 32)];
    return [...to, r.gateway ?? null, index.get(String(r.dev)), r.metric ?? null];
  });
  expect(routes).toEqual(shown.routes);
});
