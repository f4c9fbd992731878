// What is sent for each kind of link is what ip(8) sends: also for kinds that this kernel lacks.

import { createNamespace } from '@ns/core';
import { expect, test } from 'vitest';
import { isolatedNet } from '../../isolated.js';
import { Recorder, sentBy } from '../../testing/sent-messages.js';
import type { NewLink } from '../link-options.js';
import { linkBody } from '../link-table.js';
import { Links } from '../links.js';

const lower = 'link lo';

const cases: [words: string, options: NewLink][] = [
  ['type dummy', { kind: 'dummy' }],
  ['type wireguard', { kind: 'wireguard' }],
  ['type ifb', { kind: 'ifb' }],
  [
    'mtu 1400 address 02:00:00:00:00:01 txqlen 9 type dummy',
    { kind: 'dummy', mtu: 1400, address: '02:00:00:00:00:01', txqlen: 9 },
  ],
  [`${lower} type vlan id 5`, { kind: 'vlan', link: 'lo', id: 5 }],
  [
    `${lower} type vlan id 6 protocol 802.1ad reorder_hdr off`,
    { kind: 'vlan', link: 'lo', id: 6, protocol: '802.1ad', flags: { flags: 0, mask: 1 } },
  ],
  [`${lower} type macvlan mode bridge`, { kind: 'macvlan', link: 'lo', mode: 'bridge' }],
  [`${lower} type macvtap mode vepa`, { kind: 'macvtap', link: 'lo', mode: 'vepa' }],
  [
    `${lower} type ipvlan mode l3 private`,
    { kind: 'ipvlan', link: 'lo', mode: 'l3', flags: 'private' },
  ],
  [
    `${lower} type ipvtap mode l2 bridge`,
    { kind: 'ipvtap', link: 'lo', mode: 'l2', flags: 'bridge' },
  ],
  ['type vrf table 100', { kind: 'vrf', table: 100 }],
  [
    'type bond mode active-backup miimon 100 updelay 200 downdelay 300 fail_over_mac active',
    {
      kind: 'bond',
      mode: 'active-backup',
      miimon: 100,
      updelay: 200,
      downdelay: 300,
      fail_over_mac: 1,
    },
  ],
  [
    'type bond mode 802.3ad xmit_hash_policy layer3+4 lacp_rate fast min_links 2',
    {
      kind: 'bond',
      mode: '802.3ad',
      xmit_hash_policy: 'layer3+4',
      ad_lacp_rate: 'fast',
      min_links: 2,
    },
  ],
  [
    'type bond mode 1 arp_interval 100 arp_ip_target 192.0.2.1,192.0.2.2',
    {
      kind: 'bond',
      mode: 'active-backup',
      arp_interval: 100,
      arp_ip_target: ['192.0.2.1', '192.0.2.2'],
    },
  ],
  [
    'type bridge stp_state 1 vlan_filtering 1 forward_delay 400 priority 7 vlan_default_pvid 3 mcast_snooping 0',
    {
      kind: 'bridge',
      stp_state: 1,
      vlan_filtering: true,
      forward_delay: 400,
      priority: 7,
      vlan_default_pvid: 3,
      mcast_snooping: false,
    },
  ],
  [
    'type vxlan id 42 remote 192.0.2.9 dstport 4789 local 192.0.2.1 ttl 9 dev lo',
    {
      kind: 'vxlan',
      id: 42,
      remote: '192.0.2.9',
      port: 4789,
      local: '192.0.2.1',
      ttl: 9,
      dev: 'lo',
      learning: true,
    },
  ],
  [
    'type vxlan id 42 remote 2001:db8::9 dstport 4789 srcport 100 200 udpcsum nolearning',
    {
      kind: 'vxlan',
      id: 42,
      remote6: '2001:db8::9',
      port: 4789,
      port_range: { low: 100, high: 200 },
      udp_csum: true,
      learning: false,
    },
  ],
  [
    'type geneve id 7 remote 192.0.2.9 dstport 6081 ttl 5 tos 4',
    { kind: 'geneve', id: 7, remote: '192.0.2.9', port: 6081, ttl: 5, tos: 4 },
  ],
  [
    'type geneve id 7 remote 2001:db8::9 udp6zerocsumtx',
    { kind: 'geneve', id: 7, remote6: '2001:db8::9', udp_zero_csum6_tx: true, tos: 0, ttl: 0 },
  ],
  [
    'type gretap local 192.0.2.1 remote 192.0.2.2 key 5 ttl 3',
    {
      kind: 'gretap',
      local: '192.0.2.1',
      remote: '192.0.2.2',
      ikey: 5,
      okey: 5,
      iflags: 0x2000,
      oflags: 0x2000,
      ttl: 3,
      pmtudisc: true,
      tos: 0,
    },
  ],
  [
    'type gre local 192.0.2.1 remote 192.0.2.2 dev lo nopmtudisc',
    {
      kind: 'gre',
      local: '192.0.2.1',
      remote: '192.0.2.2',
      dev: 'lo',
      ikey: 0,
      okey: 0,
      iflags: 0,
      oflags: 0,
      ttl: 0,
      tos: 0,
      pmtudisc: false,
    },
  ],
  [
    'type ipip local 192.0.2.1 remote 192.0.2.2 ttl 8',
    { kind: 'ipip', local: '192.0.2.1', remote: '192.0.2.2', ttl: 8, tos: 0, pmtudisc: true },
  ],
  [
    'type sit local 192.0.2.1 remote 192.0.2.2 mode ip6ip',
    {
      kind: 'sit',
      local: '192.0.2.1',
      remote: '192.0.2.2',
      proto: 41,
      ttl: 0,
      tos: 0,
      pmtudisc: true,
    },
  ],
];

/** Values of zero, which are defaults of the kernel: the one tool leaves them out, the other sends them. */
function meaning(body: Buffer): object {
  const { linkinfo, ...rest } = linkBody.decode(body, 0, body.length) ?? {};
  const data = Object.entries(linkinfo?.info_data ?? {}).filter(
    ([, value]) => value !== 0 && value !== false && JSON.stringify(value) !== '""',
  );
  return { ...rest, linkinfo: { ...linkinfo, info_data: Object.fromEntries(data) } };
}

test.each(cases)('ip link add %s', (words, options) => {
  using lab = createNamespace(isolatedNet());
  using recorder = new Recorder();
  const [, name, tail] = /^(link lo )?(.*)$/.exec(words) ?? [];
  const args = `link add ${name ?? ''}name x0 ${tail}`.split(' ');
  const theirs = lab.enter(() => sentBy('ip', ...args)).at(-1) as Buffer;
  new Links(recorder).add({ ...options, name: 'x0' });
  const ours = recorder.bodies[0] as Buffer;
  const shown = meaning(theirs);
  expect(JSON.stringify(shown)).not.toContain('malformed');
  expect(meaning(ours)).toEqual(shown);
});
