import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { openInside } from '../inside/inside.js';
import { isolatedNet } from '../isolated.js';
import { isNetlinkError } from '../netlink/error.js';
import { Recorder, sentBy } from '../testing/sent-messages.js';
import { Rtnetlink } from './rtnetlink.js';
import { bridgeLinkBody, type NewBridgeVlan, Vlans } from './vlans.js';

/** True if bridges of this kernel count VLANs, found out by trying. */
function hasVlanFiltering(): boolean {
  using lab = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: lab });
  try {
    rtnetlink.links.add({ kind: 'bridge', name: 'br0', vlan_filtering: true });
    return true;
  } catch (error) {
    if (isNetlinkError(error, 'EOPNOTSUPP')) return false;
    throw error;
  }
}

const cases: [words: string, options: NewBridgeVlan][] = [
  ['add dev lo vid 10', { dev: 'lo', vlan: 10 }],
  ['add dev lo vid 10 pvid untagged', { dev: 'lo', vlan: 10, pvid: true, untagged: true }],
  ['add dev lo vid 20-29 self', { dev: 'lo', vlan: 20, vlanEnd: 29, self: true }],
  ['del dev lo vid 20-29', { dev: 'lo', vlan: 20, vlanEnd: 29 }],
];

test.each(cases)('bridge vlan %s', (words, options) => {
  using lab = createNamespace(isolatedNet());
  using recorder = new Recorder();
  const theirs = lab.enter(() => sentBy('bridge', 'vlan', ...words.split(' '))).at(-1) as Buffer;
  const verb = words.startsWith('add') ? 'add' : 'remove';
  new Vlans(recorder)[verb](options);
  const decode = (bytes: Buffer) => bridgeLinkBody.decode(bytes, 0, bytes.length);
  expect(decode(recorder.bodies[0] as Buffer)).toEqual(decode(theirs));
});

test('wrong numbers are refused before anything is sent', () => {
  using recorder = new Recorder();
  const vlans = new Vlans(recorder);
  expect(() => vlans.add({ dev: 'p1', vlan: 4095 })).toThrow(RangeError);
  expect(() => vlans.add({ dev: 'p1', vlan: 9, vlanEnd: 8 })).toThrow(RangeError);
  expect(() => vlans.add({ dev: 'p1', vlan: 1, vlanEnd: 8, pvid: true })).toThrow(TypeError);
  expect(recorder.bodies).toEqual([]);
});

test('VLANs of ports are as bridge(8) shows them', ({ skip }) => {
  skip(!hasVlanFiltering(), 'bridges of this kernel do not count VLANs');
  using lab = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: lab });
  const shown = () =>
    JSON.parse(
      lab.enter(() =>
        execFileSync('bridge', ['-j', '-compressvlans', 'vlan'], { encoding: 'utf8' }),
      ),
    );
  const ours = () => rtnetlink.vlans.list().map(({ ifname, vlans }) => ({ ifname, vlans }));
  const comparable = () =>
    shown().map(({ ifname, vlans }: { ifname: string; vlans: { flags?: string[] }[] }) => ({
      ifname,
      vlans: vlans.map((one) => ({ ...one, flags: one.flags ?? [] })),
    }));
  rtnetlink.links.add({ kind: 'bridge', name: 'br0', vlan_filtering: true });
  rtnetlink.links.add({ kind: 'veth', name: 'p1', master: 'br0' });
  rtnetlink.links.add({ kind: 'veth', name: 'p2', master: 'br0' });
  rtnetlink.vlans.add({ dev: 'p1', vlan: 10, pvid: true, untagged: true });
  rtnetlink.vlans.remove({ dev: 'p1', vlan: 1 });
  rtnetlink.vlans.add({ dev: 'p2', vlan: 20, vlanEnd: 29 });
  rtnetlink.vlans.add({ dev: 'br0', vlan: 10, self: true });
  expect(ours()).toEqual(comparable());
  expect(rtnetlink.vlans.list({ dev: 'p2' })).toMatchObject([
    { ifname: 'p2', vlans: [{ vlan: 1 }, { vlan: 20, vlanEnd: 29, flags: [] }] },
  ]);
  expect(rtnetlink.vlans.list({ dev: 'p1' })[0]?.vlans).toEqual([
    { vlan: 10, flags: ['PVID', 'Egress Untagged'] },
  ]);
  rtnetlink.vlans.remove({ dev: 'p2', vlan: 20, vlanEnd: 25 });
  expect(ours()).toEqual(comparable());
  expect(() => rtnetlink.vlans.add({ dev: 'lo', vlan: 5 })).toThrow('EOPNOTSUPP');
});

test('hosts on one VLAN of a bridge meet, and those on another do not', async ({ skip }) => {
  skip(!hasVlanFiltering(), 'bridges of this kernel do not count VLANs');
  using middle = createNamespace(isolatedNet());
  using rtnetlink = Rtnetlink.open({ in: middle });
  rtnetlink.links.add({ kind: 'bridge', name: 'br0', vlan_filtering: true, up: true });
  const hosts = [10, 10, 20].map((vlan, i) => {
    const namespace = createNamespace(isolatedNet());
    const peer = { name: 'eth0', namespace };
    rtnetlink.links.add({ kind: 'veth', name: `p${i}`, master: 'br0', up: true, peer });
    rtnetlink.vlans.remove({ dev: `p${i}`, vlan: 1 });
    rtnetlink.vlans.add({ dev: `p${i}`, vlan, pvid: true, untagged: true });
    const own = Rtnetlink.open({ in: namespace });
    own.addresses.add({ dev: 'eth0', address: `10.0.0.${i + 1}/24` });
    own.links.up('eth0');
    own.close();
    return { namespace, host: openInside(namespace) };
  });
  const [a, b, c] = hosts as [(typeof hosts)[0], (typeof hosts)[0], (typeof hosts)[0]];
  const server = a.host.createServer((socket) => socket.end('met')).listen(7);
  await once(server, 'listening');
  expect(await text(b.host.connect(7, '10.0.0.1'))).toBe('met');
  const [error] = await once(c.host.connect(7, '10.0.0.1'), 'error');
  expect(error).toMatchObject({ code: 'EHOSTUNREACH' });
  server.close();
  await once(server, 'close');
  for (const { namespace, host } of hosts) {
    host.close();
    namespace.close();
  }
});
