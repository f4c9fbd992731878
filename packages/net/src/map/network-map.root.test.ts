import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Route } from '../route/route.js';
import { listNetworks } from './network-map.js';

test('each end of a pair knows where the other is, and what sits on what', () => {
  using a = createNamespace(isolatedNet());
  using b = createNamespace(isolatedNet());
  using route = Route.open({ in: a });
  using other = Route.open({ in: b });
  route.link.add({ kind: 'veth', name: 'a0', up: true, peer: { name: 'b0', namespace: b } });
  route.link.add({ kind: 'veth', name: 'c0', peer: { name: 'd0' } });
  route.link.add({ kind: 'macvlan', name: 'm0', link: 'c0', mode: 'bridge' });
  route.address.add({ dev: 'a0', address: '10.0.0.1/24' });
  const [inodeA, inodeB] = [Number(a.id.ino), Number(b.id.ino)];
  const map = listNetworks();
  const [inA, inB] = [inodeA, inodeB].map((inode) => map.find((one) => one.inode === inode));
  const link = (name: string) => inA?.links?.find(({ ifname }) => ifname === name);
  expect(link('a0')).toMatchObject({
    peer: { namespace: inodeB, ifname: 'b0' },
    addresses: [{ local: '10.0.0.1' }],
  });
  expect(inB?.links?.find(({ ifname }) => ifname === 'b0')?.peer).toEqual({
    namespace: inodeA,
    ifname: 'a0',
    ifindex: route.link.get('a0').ifindex,
  });
  expect(link('c0')?.peer).toMatchObject({ namespace: inodeA, ifname: 'd0' });
  expect(link('m0')?.peer).toMatchObject({ namespace: inodeA, ifname: 'c0' });
  expect(link('lo')?.peer).toBeUndefined();
  expect(inA).toMatchObject({ names: [], processes: [], isCurrent: false });
  expect(map.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  expect(other.link.list()).toHaveLength(2);
});
