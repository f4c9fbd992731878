import { expect, test } from 'vitest';
import { isNetlinkError } from '../netlink/error.js';
import { emptyLab } from './lab.testing.js';

test('links are as ip(8) shows them', () => {
  using net = emptyLab();
  net.rtnetlink.links.add({
    kind: 'veth',
    name: 'a0',
    mtu: 1400,
    peer: { name: 'b0', address: '02:00:00:00:00:07' },
  });
  net.rtnetlink.links.add({
    kind: 'bridge',
    name: 'br0',
    stp_state: 1,
    mcast_snooping: false,
    forward_delay: 400,
  });
  net.rtnetlink.links.change('a0', { up: true, master: 'br0', alias: 'to the lab', group: 7 });
  net.rtnetlink.links.changePort('a0', { cost: 9, hairpin: true });
  net.rtnetlink.links.addNames('b0', 'a-name-that-is-longer-than-fifteen');
  const expected = net.json('ip', 'link');
  const links = net.rtnetlink.links.list();
  expect(links.map(({ ifname }) => ifname)).toEqual(['lo', 'b0', 'a0', 'br0']);
  for (const [i, link] of links.entries()) {
    const other = expected[i];
    for (const key of [
      'ifindex',
      'ifname',
      'mtu',
      'qdisc',
      'operstate',
      'link_type',
      'address',
      'broadcast',
      'txqlen',
      'ifalias',
      'altnames',
      'promiscuity',
      'min_mtu',
      'max_mtu',
      'num_tx_queues',
    ] as const) {
      expect(link[key], `${link.ifname} ${key}`).toEqual(other[key]);
    }
    expect(link.flags.filter((f) => f !== 'M-DOWN')).toEqual(
      other.flags.filter((f: string) => f !== 'M-DOWN'),
    );
    expect(link.linkinfo?.info_kind).toBe(other.linkinfo?.info_kind);
  }
  const bridge = net.rtnetlink.links.get('br0').linkinfo?.info_data;
  expect(bridge).toMatchObject({ stp_state: 1, mcast_snooping: false, forward_delay: 400 });
  const port = net.rtnetlink.links.get('a0');
  expect(port).toMatchObject({ group: 7, master: net.rtnetlink.links.get('br0').ifindex });
  expect(port.linkinfo).toMatchObject({
    info_slave_kind: 'bridge',
    info_slave_data: { cost: 9, hairpin: true },
  });
  expect(port.malformed).toBeUndefined();
  expect(net.rtnetlink.links.get('a-name-that-is-longer-than-fifteen').ifname).toBe('b0');
  expect(net.rtnetlink.links.list({ kind: 'bridge' }).map(({ ifname }) => ifname)).toEqual(['br0']);
  expect(net.rtnetlink.links.list({ master: 'br0' }).map(({ ifname }) => ifname)).toEqual(['a0']);
  net.rtnetlink.links.remove('a0');
  expect(net.json('ip', 'link').map((l: { ifname: string }) => l.ifname)).toEqual(['lo', 'br0']);
});

test('a pair is made across two namespaces, and links move', () => {
  using a = emptyLab();
  using b = emptyLab();
  a.rtnetlink.links.add({ kind: 'veth', name: 'a0', peer: { name: 'b0', namespace: b.namespace } });
  expect(b.json('ip', 'link').map((l: { ifname: string }) => l.ifname)).toEqual(['lo', 'b0']);
  a.rtnetlink.links.move('a0', b.namespace);
  expect(
    b.rtnetlink.links
      .list()
      .map(({ ifname }) => ifname)
      .sort(),
  ).toEqual(['a0', 'b0', 'lo']);
  expect(a.rtnetlink.links.list().map(({ ifname }) => ifname)).toEqual(['lo']);
  b.rtnetlink.links.change('b0', { name: 'c0' });
  expect(b.rtnetlink.links.get('c0').ifname).toBe('c0');
});

test('kinds of this kernel are made with their settings', () => {
  using net = emptyLab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'low' });
  net.rtnetlink.links.add({ kind: 'macvlan', name: 'mac0', link: 'low', mode: 'bridge' });
  net.rtnetlink.links.add({
    kind: 'vxlan',
    name: 'vx0',
    id: 42,
    remote: '192.0.2.9',
    port: 4789,
    dev: 'low',
  });
  net.rtnetlink.links.add({ kind: 'ifb', name: 'ifb7' });
  const data = (name: string) => net.json('ip', 'link', 'show', 'dev', name)[0].linkinfo;
  expect(data('mac0')).toMatchObject({ info_kind: 'macvlan', info_data: { mode: 'bridge' } });
  expect(data('vx0')).toMatchObject({
    info_kind: 'vxlan',
    info_data: { id: 42, remote: '192.0.2.9', port: 4789, link: 'low' },
  });
  expect(data('ifb7')).toMatchObject({ info_kind: 'ifb' });
  expect(net.rtnetlink.links.get('vx0').linkinfo?.info_data).toMatchObject({
    id: 42,
    remote: '192.0.2.9',
    port: 4789,
  });
});

test('addresses are as ip(8) shows them', () => {
  using net = emptyLab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'a0' });
  net.rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24', label: 'a0:x', metric: 5 });
  net.rtnetlink.addresses.add({
    dev: 'a0',
    address: '2001:db8::1/64',
    flags: ['nodad'],
    validLifetime: 500,
    preferredLifetime: 400,
  });
  net.rtnetlink.addresses.add({ dev: 'a0', address: '10.9.0.1', peer: '10.9.0.2' });
  const [shown] = net.json('ip', 'address', 'show', 'dev', 'a0');
  const list = net.rtnetlink.addresses.list({ dev: 'a0' });
  expect(list).toHaveLength(3);
  expect(shown.addr_info).toHaveLength(3);
  for (const other of shown.addr_info) {
    const one = list.find(({ local }) => local === other.local);
    expect(one).toMatchObject({
      family: other.family,
      prefixlen: other.prefixlen,
      scope: other.scope,
    });
    expect(one?.broadcast).toBe(other.broadcast);
    expect(one?.address).toBe(other.address);
    expect(one?.label).toBe(other.label);
    expect(one?.metric).toBe(other.metric);
  }
  expect(net.rtnetlink.addresses.list({ family: 'inet6', dev: 'a0' })[0]?.flags).toContain('nodad');
  expect(
    net.rtnetlink.addresses.list({ family: 'inet6', dev: 'a0' })[0]?.valid_life_time,
  ).toBeLessThanOrEqual(500);
  net.rtnetlink.addresses.remove({ dev: 'a0', address: '10.0.0.1/24' });
  expect(net.rtnetlink.addresses.list({ dev: 'a0' }).map(({ local }) => local)).not.toContain(
    '10.0.0.1',
  );
});

test('routes are as ip(8) shows them', () => {
  using net = emptyLab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'a0', up: true, peer: { name: 'b0' } });
  net.rtnetlink.links.up('b0');
  net.rtnetlink.addresses.add({ dev: 'a0', address: '10.0.0.1/24' });
  net.rtnetlink.addresses.add({ dev: 'a0', address: '2001:db8::1/64', flags: ['nodad'] });
  net.rtnetlink.routes.add({
    dst: 'default',
    gateway: '10.0.0.2',
    metrics: { mtu: 1300 },
    protocol: 'static',
  });
  net.rtnetlink.routes.add({ dst: '10.5.0.0/16', dev: 'a0', metric: 7, table: 1000 });
  net.rtnetlink.routes.add({ dst: '10.6.0.0/16', type: 'blackhole' });
  net.rtnetlink.routes.add({ dst: '10.7.0.0/16', gateway: '2001:db8::9', dev: 'a0' });
  net.rtnetlink.routes.add({ dst: '2001:db8:1::/48', gateway: '2001:db8::2', pref: 'high' });
  net.rtnetlink.routes.add({
    dst: '10.8.0.0/16',
    nexthops: [{ gateway: '10.0.0.3', weight: 2 }, { gateway: '10.0.0.4' }],
  });
  for (const family of ['inet', 'inet6'] as const) {
    const shown = net.json('ip', family === 'inet' ? '-4' : '-6', 'route', 'show', 'table', 'all');
    const list = net.rtnetlink.routes.list({ family });
    expect(list).toHaveLength(shown.length);
    for (const other of shown) {
      const table = /^\d+$/.test(other.table) ? Number(other.table) : (other.table ?? 'main');
      const one = list.find(
        (route) =>
          route.dst === other.dst &&
          route.table === table &&
          route.type === other.type &&
          route.dev === other.dev,
      );
      expect(one, JSON.stringify(other)).toBeDefined();
      for (const key of ['gateway', 'dev', 'protocol', 'prefsrc', 'metric'] as const) {
        expect(one?.[key], `${key} of ${other.dst}`).toEqual(other[key]);
      }
      if (family === 'inet') expect(one?.scope).toBe(other.scope);
      expect(one?.malformed).toBeUndefined();
      expect(one?.unknown).toBeUndefined();
    }
  }
  expect(net.rtnetlink.routes.list({ table: 1000 }).map(({ dst }) => dst)).toEqual(['10.5.0.0/16']);
  expect(
    net.rtnetlink.routes.list({ family: 'inet' }).find(({ dst }) => dst === '10.8.0.0/16')
      ?.nexthops,
  ).toMatchObject([
    { gateway: '10.0.0.3', dev: 'a0', weight: 2 },
    { gateway: '10.0.0.4', dev: 'a0', weight: 1 },
  ]);
  expect(net.rtnetlink.routes.get('192.0.2.1')).toMatchObject({
    dst: '192.0.2.1',
    gateway: '10.0.0.2',
    dev: 'a0',
    prefsrc: '10.0.0.1',
  });
  net.rtnetlink.routes.remove({ dst: 'default' });
  expect(() => net.rtnetlink.routes.get('192.0.2.1')).toThrow('ENETUNREACH');
});

test('addAll adds many routes and returns the error of each that failed', () => {
  using net = emptyLab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'a0', up: true });
  const list = Array.from({ length: 3000 }, (_, i) => ({
    dst: `10.${1 + (i >> 8)}.${i & 255}.0/24`,
    dev: 'a0',
  }));
  const failed = net.rtnetlink.routes.addAll([...list, { dst: '10.1.0.0/24', dev: 'a0' }]);
  expect([...failed.keys()]).toEqual([3000]);
  expect(failed.get(3000)?.code).toBe('EEXIST');
  expect(net.rtnetlink.routes.list({ table: 'main', family: 'inet' })).toHaveLength(3000);
  expect([...net.rtnetlink.routes.addAll(list).keys()]).toHaveLength(3000);
});

test('an interrupted iteration leaves nothing open', async () => {
  using net = emptyLab();
  for await (const link of net.rtnetlink.links.dump()) {
    expect(link.ifname).toBe('lo');
    break;
  }
});

test("the kernel's complaint names the attribute", () => {
  using net = emptyLab();
  net.rtnetlink.links.add({ kind: 'veth', name: 'a0' });
  const fail = (fn: () => void) => {
    try {
      fn();
    } catch (error) {
      return isNetlinkError(error) ? error : undefined;
    }
    return undefined;
  };
  expect(fail(() => net.rtnetlink.links.get('nothing'))).toMatchObject({
    code: 'ENODEV',
    syscall: 'RTM_GETLINK',
  });
  const kind = fail(() => net.rtnetlink.links.add({ kind: 'no-such-kind' as 'veth', name: 'x' }));
  expect(kind).toMatchObject({ code: 'EOPNOTSUPP', explanation: 'Unknown device type' });
  const mtu = fail(() => net.rtnetlink.links.change('a0', { mtu: 70_000 }));
  expect(mtu).toMatchObject({ code: 'EINVAL', explanation: 'mtu greater than device maximum' });
  const vxlan = fail(() => net.rtnetlink.links.add({ kind: 'vxlan', name: 'x', id: 2 ** 24 }));
  expect(vxlan).toMatchObject({ code: 'ERANGE', attribute: 'linkinfo.info_data.id' });
  expect(vxlan?.message).toContain('RTM_NEWLINK');
});
