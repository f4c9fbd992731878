import { expect, test } from 'vitest';
import { emptyLab } from '../rtnetlink/lab.testing.js';
import type { NetDescription } from './description.js';
import { planTransaction } from './transaction.js';

function lab() {
  const net = emptyLab();
  const { rtnetlink } = net;
  return {
    ...net,
    state: () => ({
      links: rtnetlink.links.list().map(({ ifname, mtu, flags, master }) => ({
        ifname,
        mtu,
        up: flags.includes('UP'),
        master,
      })),
      addresses: rtnetlink.addresses.list({ family: 'inet' }).map(({ local }) => local),
      routes: rtnetlink.routes
        .list({ family: 'inet', table: 'main' })
        .map(({ dst, gateway }) => ({ dst, gateway })),
    }),
  };
}

const wanted: NetDescription = {
  links: [
    {
      kind: 'bridge',
      name: 'br0',
      up: true,
      forward_delay: 300,
      addresses: ['10.0.0.1/24', '2001:DB8:0::1/64'],
    },
    { kind: 'veth', name: 'a0', up: true, mtu: 1400, master: 'br0', peer: { name: 'b0' } },
  ],
  routes: [
    { dst: '10.1.0.0/16', gateway: '10.0.0.2' },
    { dst: 'default', gateway: '10.0.0.3' },
  ],
};

test('what is described is made, and then there is nothing left to do', () => {
  using net = lab();
  const change = planTransaction(net.rtnetlink, wanted);
  expect(String(change).split('\n')).toEqual([
    '+ link br0 (bridge)',
    '+ link a0 (veth)',
    '+ address 10.0.0.1/24 dev br0',
    '+ address 2001:db8::1/64 dev br0',
    '+ route 10.1.0.0/16 via 10.0.0.2',
    '+ route default via 10.0.0.3',
  ]);
  expect(net.state().links).toHaveLength(1);
  change.apply();
  expect(net.rtnetlink.links.get('a0')).toMatchObject({
    mtu: 1400,
    master: net.rtnetlink.links.get('br0').ifindex,
  });
  expect(planTransaction(net.rtnetlink, wanted).plan).toEqual([]);
  net.rtnetlink.links.change('a0', { mtu: 1500, master: null });
  net.rtnetlink.routes.replace({ dst: 'default', gateway: '10.0.0.9' });
  const repair = planTransaction(net.rtnetlink, wanted);
  expect(String(repair).split('\n')).toEqual([
    '~ link a0: mtu 1500 -> 1400, master null -> br0',
    '~ route default via 10.0.0.9 dev br0 table main -> default via 10.0.0.3',
  ]);
  repair.apply();
  expect(planTransaction(net.rtnetlink, wanted).plan).toEqual([]);
});

test('what is not described goes only if that is asked for', () => {
  using net = lab();
  planTransaction(net.rtnetlink, wanted).apply();
  net.rtnetlink.addresses.add({ dev: 'br0', address: '10.7.0.1/24' });
  net.rtnetlink.routes.add({ dst: '10.9.0.0/16', dev: 'br0' });
  expect(planTransaction(net.rtnetlink, wanted).plan).toEqual([]);
  const exact = planTransaction(net.rtnetlink, { ...wanted, exact: true });
  expect(String(exact).split('\n')).toEqual([
    '- address 10.7.0.1/24 dev br0',
    '- route 10.9.0.0/16 dev br0 table main',
  ]);
  exact.apply();
  expect(planTransaction(net.rtnetlink, { ...wanted, exact: true }).plan).toEqual([]);
});

test('addresses that the kernel takes away with the first of their subnet are there again', () => {
  using net = lab();
  const bridge = { kind: 'bridge', name: 'br0', up: true } as const;
  const all = ['10.0.0.1/24', '10.0.0.2/24', '10.0.0.3/24', '10.1.0.1/24'];
  planTransaction(net.rtnetlink, { links: [{ ...bridge, addresses: all }] }).apply();
  const fewer = { links: [{ ...bridge, addresses: all.slice(1) }], exact: true };
  expect(String(planTransaction(net.rtnetlink, fewer)).split('\n')).toEqual([
    '- address 10.0.0.3/24 dev br0',
    '- address 10.0.0.2/24 dev br0',
    '- address 10.0.0.1/24 dev br0',
    '+ address 10.0.0.2/24 dev br0',
    '+ address 10.0.0.3/24 dev br0',
  ]);
  const before = net.state();
  const impossible = { ...fewer, routes: [{ dst: '10.2.0.0/16', gateway: '192.0.2.1' }] };
  expect(() => planTransaction(net.rtnetlink, impossible).apply()).toThrow('ENETUNREACH');
  expect(net.state().addresses.sort()).toEqual(before.addresses.sort());
  planTransaction(net.rtnetlink, fewer).apply();
  expect(planTransaction(net.rtnetlink, fewer).plan).toEqual([]);
});

test('if a change fails, those before it are taken back', () => {
  using net = lab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'c0', mtu: 1450, up: true, peer: { name: 'd0' } });
  net.rtnetlink.addresses.add({ dev: 'c0', address: '10.5.0.1/24' });
  const before = net.state();
  const impossible: NetDescription = {
    links: [
      ...(wanted.links ?? []),
      { kind: 'veth', name: 'c0', mtu: 1300, addresses: ['10.6.0.1/24'] },
    ],
    routes: [...(wanted.routes ?? []), { dst: '10.2.0.0/16', gateway: '192.0.2.1' }],
    exact: true,
  };
  expect(() => planTransaction(net.rtnetlink, impossible).apply()).toThrow('ENETUNREACH');
  expect(net.state()).toEqual(before);
});

test('a link of another kind is not touched', () => {
  using net = lab();
  net.rtnetlink.links.add({ kind: 'bridge', name: 'a0' });
  expect(() => planTransaction(net.rtnetlink, { links: [{ kind: 'veth', name: 'a0' }] })).toThrow(
    /of kind bridge, not veth/,
  );
});
