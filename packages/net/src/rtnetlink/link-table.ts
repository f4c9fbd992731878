// Messages about links: struct ifinfomsg and the attributes of rtnetlink(7).
import { lladdr } from '../netlink/addresses.js';
import {
  type AttributeTable,
  attributes,
  byKind,
  type Entries,
  type ValuesOf,
} from '../netlink/attributes.js';
import {
  boolean,
  bytes,
  type Codec,
  choice,
  count64,
  flag,
  s32,
  text,
  u8,
  u16,
  u32,
} from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { IFNAME_MAX } from './device.js';
import { bridge, bridgePort } from './kinds/bridge.js';
import { geneve, gre, ipTunnel, vxlan } from './kinds/tunnels.js';
import { bond, ipvlan, macvlan, plain, tun, vlan, vrf } from './kinds/virtual.js';

/** The beginning of struct rtnl_link_stats64; what follows are parts of the errors. */
const stats64 = struct({
  rx_packets: count64,
  tx_packets: count64,
  rx_bytes: count64,
  tx_bytes: count64,
  rx_errors: count64,
  tx_errors: count64,
  rx_dropped: count64,
  tx_dropped: count64,
  multicast: count64,
  collisions: count64,
});

const operstates = {
  UNKNOWN: 0,
  NOTPRESENT: 1,
  DOWN: 2,
  LOWERLAYERDOWN: 3,
  TESTING: 4,
  DORMANT: 5,
  UP: 6,
};

// Those that contain links themselves are added below.
const kinds: Record<string, AttributeTable<Entries>> = {
  bridge,
  vlan,
  macvlan,
  macvtap: macvlan,
  ipvlan,
  ipvtap: ipvlan,
  vxlan,
  geneve,
  gre,
  gretap: gre,
  ip6gre: gre,
  ip6gretap: gre,
  ipip: ipTunnel,
  sit: ipTunnel,
  ip6tnl: ipTunnel,
  vrf,
  bond,
  tun,
  dummy: plain,
  ifb: plain,
  wireguard: plain,
};

/** Returns the settings of a kind by their names; undefined for a kind that is not known here. */
export function settingsOf(kind: string): Entries | undefined {
  return Object.hasOwn(kinds, kind) ? kinds[kind]?.entries : undefined;
}

/** True for a setting of some kind. */
export const isSetting = (name: string): boolean =>
  Object.values(kinds).some(({ entries }) => Object.hasOwn(entries, name));

/** The settings of a kind, by the names of `ip -d -j link`. */
export type InfoData = Record<string, unknown>;

const linkinfo = attributes({
  info_kind: [1, text()],
  info_data: [2, byKind<InfoData>('info_kind', kinds, bytes)],
  info_slave_kind: [4, text()],
  info_slave_data: [5, byKind<InfoData>('info_slave_kind', { bridge: bridgePort }, bytes)],
});

/** struct ifinfomsg. */
export const linkHeader = struct({
  family: u8,
  _pad: u8,
  type: u16,
  index: s32,
  flags: u32,
  change: u32,
});

/** The program that packets meet first. */
const xdp = attributes({
  fd: [1, s32],
  attached: [2, choice(u8, { none: 0, driver: 1, skb: 2, hw: 3, multi: 4 })],
  flags: [3, u32],
  progId: [4, u32],
  drvProgId: [5, u32],
  skbProgId: [6, u32],
  hwProgId: [7, u32],
  expectedFd: [8, s32],
});

export const linkAttributes = attributes({
  address: [1, lladdr],
  broadcast: [2, lladdr],
  ifname: [3, text(IFNAME_MAX)],
  mtu: [4, u32],
  link: [5, u32],
  qdisc: [6, text()],
  // Only that they are there: what they say is said by others better, or is of no use here.
  stats: [7, flag],
  master: [10, u32],
  txqlen: [13, u32],
  map: [14, flag],
  operstate: [16, choice(u8, operstates)],
  linkmode: [17, u8],
  linkinfo: [18, linkinfo],
  netnsPid: [19, u32],
  ifalias: [20, text(255)],
  stats64: [23, stats64],
  afSpec: [26, flag],
  group: [27, u32],
  netnsFd: [28, u32],
  extMask: [29, u32],
  promiscuity: [30, u32],
  num_tx_queues: [31, u32],
  num_rx_queues: [32, u32],
  carrier: [33, u8],
  carrier_changes: [35, u32],
  link_netnsid: [37, u32],
  proto_down: [39, boolean(u8)],
  gso_max_segs: [40, u32],
  gso_max_size: [41, u32],
  xdp: [43, xdp],
  newNetnsid: [45, u32],
  carrier_up_count: [47, u32],
  carrier_down_count: [48, u32],
  newIfindex: [49, u32],
  min_mtu: [50, u32],
  max_mtu: [51, u32],
  propList: [52, attributes({ altnames: [53, text(127), 'many'] })],
  altname: [53, text(127)],
  permaddr: [54, lladdr],
  parentdev: [56, text()],
  parentbus: [57, text()],
  gro_max_size: [58, u32],
  tso_max_size: [59, u32],
  tso_max_segs: [60, u32],
  allmulti: [61, u32],
  devlinkPort: [62, flag],
  gso_ipv4_max_size: [63, u32],
  gro_ipv4_max_size: [64, u32],
  dpllPin: [65, flag],
  maxPacingOffloadHorizon: [66, u32],
  netnsImmutable: [67, boolean(u8)],
  headroom: [68, u16],
  tailroom: [69, u16],
});

/** A message about a link. */
export const linkBody = new Body(linkHeader, linkAttributes);

type LinkValues = ValuesOf<typeof linkAttributes.entries>;

/** The other end, as it is described inside the attributes of this end. */
const peer: Codec<LinkValues> = {
  nested: true,
  decode: (buffer, start, end) =>
    end - start < linkHeader.size
      ? undefined
      : linkAttributes.decode(buffer, start + linkHeader.size, end),
  encode: (value, name) =>
    Buffer.concat([Buffer.alloc(linkHeader.size), linkAttributes.encode(value, name)]),
  locate: (buffer, start, end, offset) =>
    linkAttributes.locate(buffer, start + linkHeader.size, end, offset),
};

const netkitPolicy = choice(u32, { forward: 0, blackhole: 2 });
const netkitScrub = choice(u32, { none: 0, default: 1 });

/** `ip link add type veth`. */
export const veth = attributes({ peer: [1, peer] });

/** `ip link add type netkit` (Linux 6.7). */
export const netkit = attributes({
  peer: [1, peer],
  primary: [2, boolean(u8)],
  policy: [3, netkitPolicy],
  mode: [4, choice(u32, { l2: 0, l3: 1 })],
  peer_policy: [5, netkitPolicy],
  scrub: [6, netkitScrub],
  peer_scrub: [7, netkitScrub],
});
kinds.veth = veth;
kinds.netkit = netkit;

/** Kinds that can be asked for, each with its settings. */
export interface KindTables {
  bridge: typeof bridge;
  bond: typeof bond;
  dummy: typeof plain;
  geneve: typeof geneve;
  gre: typeof gre;
  gretap: typeof gre;
  ifb: typeof plain;
  ip6gre: typeof gre;
  ip6gretap: typeof gre;
  ip6tnl: typeof ipTunnel;
  ipip: typeof ipTunnel;
  ipvlan: typeof ipvlan;
  ipvtap: typeof ipvlan;
  macvlan: typeof macvlan;
  macvtap: typeof macvlan;
  netkit: typeof netkit;
  sit: typeof ipTunnel;
  veth: typeof veth;
  vlan: typeof vlan;
  vrf: typeof vrf;
  vxlan: typeof vxlan;
  wireguard: typeof plain;
}

/** Names of a link's flags as ip(8) prints them, in its order. */
const flagBits: readonly (readonly [bit: number, name: string])[] = [
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x1000, 'MULTICAST'],
  [0x80, 'NOARP'],
  [0x200, 'ALLMULTI'],
  [0x100, 'PROMISC'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x4, 'DEBUG'],
  [0x8000, 'DYNAMIC'],
  [0x4000, 'AUTOMEDIA'],
  [0x2000, 'PORTSEL'],
  [0x20, 'NOTRAILERS'],
  [0x1, 'UP'],
  [0x1_0000, 'LOWER_UP'],
  [0x2_0000, 'DORMANT'],
  [0x4_0000, 'ECHO'],
];
const IFF_UP = 1;
const IFF_RUNNING = 0x40;

/** Names of a link's flags; bits without a name as a hexadecimal number. */
export function linkFlags(flags: number): string[] {
  const names = (flags & (IFF_UP | IFF_RUNNING)) === IFF_UP ? ['NO-CARRIER'] : [];
  let rest = flags & ~IFF_RUNNING;
  for (const [bit, name] of flagBits) {
    if ((rest & bit) === 0) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push((rest >>> 0).toString(16));
  return names;
}

const linkTypes = new Map([
  [1, 'ether'],
  [32, 'infiniband'],
  [512, 'ppp'],
  [768, 'ipip'],
  [769, 'tunnel6'],
  [772, 'loopback'],
  [776, 'sit'],
  [778, 'gre'],
  [823, 'gre6'],
  [0xffff, 'void'],
  [0xfffe, 'none'],
]);

/** Name of a hardware type (ARPHRD_*), or its number. */
export const linkType = (type: number): string => linkTypes.get(type) ?? String(type);
