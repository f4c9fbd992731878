import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../isolated.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { listNetworks } from './network-map.js';

test('each end of a pair knows where the other is, and what sits on what', () => {
  using a = createNamespace(isolatedNet());
  using b = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: a });
  using other = Rtnetlink.open({ in: b });
  rtnetlink.links.add({ kind: 'veth', name: 'a0', up: true, peer: { name: 'b0', namespace: b } });
  rtnetlink.links.add({ kind: 'veth', name: 'c0', peer: { name: 'd0' } });
  rtnetlink.links.add({ kind: 'macvlan', name: 'm0', link: 'c0', mode: 'bridge' });
  rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24' });
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
    ifindex: rtnetlink.links.get('a0').ifindex,
  });
  expect(link('c0')?.peer).toMatchObject({ namespace: inodeA, ifname: 'd0' });
  expect(link('m0')?.peer).toMatchObject({ namespace: inodeA, ifname: 'c0' });
  expect(link('lo')?.peer).toBeUndefined();
  expect(inA).toMatchObject({ names: [], processes: [], isCurrent: false });
  expect(map.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  expect(other.links.list()).toHaveLength(2);
});
