import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { named } from '../index.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { readSysctl } from '../sysctl.js';
import { elsewhere, mayVisit } from '../testing/private-run.js';
import type { TopologyDescription, TopologyNamespace } from './description.js';
import { planTopology } from './topology.js';

beforeAll(mayVisit);

const lab: TopologyDescription = {
  namespaces: {
    router: {
      interfaces: {
        port1: { addresses: ['10.0.1.1/24'], master: 'br0' },
        port2: { addresses: ['10.0.2.1/24'], shape: { rate: '10mbit' } },
        br0: { kind: 'bridge', stp_state: 1 },
      },
      sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.port2.forwarding': 1 },
    },
    a: {
      interfaces: {
        eth0: { addresses: ['10.0.1.2/24', '2001:db8::1/64'], mtu: 1400 },
        lo: { addresses: ['10.99.0.1/32'] },
      },
      routes: [{ dst: 'default', gateway: '10.0.1.1' }],
    },
    b: { routes: [{ dst: '10.7.0.0/16', type: 'blackhole' }] },
  },
  cables: [
    ['a:eth0', 'router:port1'],
    ['router:port2', 'b:eth0'],
  ],
};

const names = () => named.list().map(({ name }) => name);

test('a lab is made as described, made once, and taken down', () => {
  elsewhere(() => {
    const one = planTopology(lab);
    expect(one.explain().split('\n')).toEqual(
      expect.arrayContaining([
        '+ namespace router',
        '+ cable a:eth0 -- router:port1',
        '+ a: route default via 10.0.1.1',
      ]),
    );
    expect(names()).toEqual([]);
    one.up();
    const ip = (...args: string[]) =>
      JSON.parse(execFileSync('ip', ['-j', ...args], { encoding: 'utf8' }));
    expect(ip('-n', 'a', 'address', 'show', 'dev', 'eth0')[0]).toMatchObject({
      mtu: 1400,
      flags: expect.arrayContaining(['UP', 'LOWER_UP']),
      addr_info: expect.arrayContaining([expect.objectContaining({ local: '10.0.1.2' })]),
    });
    expect(ip('-n', 'a', 'route')[0]).toMatchObject({ dst: 'default', gateway: '10.0.1.1' });
    expect(ip('-n', 'router', 'link', 'show', 'dev', 'port1')[0].master).toBe('br0');
    expect(readSysctl('net.ipv4.conf.port2.forwarding', { in: 'router' })).toBe('1');
    expect(one.plan()).toEqual([]);
    expect(one.up()).toEqual([]);
    one.down();
    expect(names()).toEqual([]);
    one.down();
  });
});

test('only what is missing or different is made', () => {
  elsewhere(() => {
    const one = planTopology(lab);
    one.up();
    using rtnetlink = Rtnetlink.open({ in: 'a' });
    rtnetlink.links.change('eth0', { mtu: 1300 });
    rtnetlink.routes.remove({ dst: 'default' });
    expect(one.explain()).toBe('~ a: link eth0: mtu 1300 -> 1400\n+ a: route default via 10.0.1.1');
    one.up();
    expect(one.plan()).toEqual([]);
    one.down();
  });
});

test('if something fails, all is as it was before', () => {
  elsewhere(() => {
    planTopology({ namespaces: { a: {} } }).up();
    using rtnetlink = Rtnetlink.open({ in: 'a' });
    const { b, ...rest } = lab.namespaces;
    const broken = {
      ...lab,
      namespaces: { ...rest, b: { ...b, routes: [{ dst: 'default', gateway: '192.0.2.1' }] } },
    };
    expect(() => planTopology(broken).up()).toThrow('ENETUNREACH');
    expect(names()).toEqual(['a']);
    expect(rtnetlink.links.list().map(({ ifname }) => ifname)).toEqual(['lo']);
    expect(rtnetlink.addresses.list({ family: 'inet' }).map(({ local }) => local)).toEqual([
      '127.0.0.1',
    ]);
    named.remove('a');
  });
});

test('plan throws for half a cable and for one that leads elsewhere', () => {
  elsewhere(() => {
    planTopology({ namespaces: { a: {}, b: {} } }).up();
    using rtnetlink = Rtnetlink.open({ in: 'a' });
    rtnetlink.links.add({ kind: 'veth', name: 'eth0', peer: { name: 'other' } });
    const joined = planTopology({ namespaces: { a: {}, b: {} }, cables: [['a:eth0', 'b:eth0']] });
    expect(() => joined.plan()).toThrow(/^cables: a:eth0 is there, but leads elsewhere$/);
    joined.down();
    expect(names()).toEqual([]);
  });
});

test('links and addresses that are no longer named go, if a topology has made them', () => {
  elsewhere(() => {
    planTopology(lab).up();
    using rtnetlink = Rtnetlink.open({ in: 'router' });
    rtnetlink.links.add({ kind: 'bridge', name: 'mine' });
    rtnetlink.addresses.add({ dev: 'mine', address: '10.50.0.1/24' });
    const { router, a, b } = lab.namespaces as Required<typeof lab.namespaces>;
    const smaller = planTopology({
      namespaces: {
        router: { interfaces: { port1: { addresses: ['10.0.1.9/24'] } } },
        a: a as TopologyNamespace,
        b: b as TopologyNamespace,
      },
      cables: [['a:eth0', 'router:port1']],
    });
    expect(router).toBeDefined();
    expect(smaller.explain().split('\n')).toEqual([
      '- router: address 10.0.1.1/24 dev port1',
      '+ router: address 10.0.1.9/24 dev port1',
      '- router: link port2',
      '- router: link br0',
      '- b: link eth0',
    ]);
    smaller.up();
    expect(smaller.plan()).toEqual([]);
    expect(
      rtnetlink.links
        .list()
        .map(({ ifname }) => ifname)
        .sort(),
    ).toEqual(['lo', 'mine', 'port1']);
    expect(rtnetlink.addresses.list({ dev: 'mine', family: 'inet' })).toHaveLength(1);
    smaller.down();
    expect(names()).toEqual([]);
  });
});
