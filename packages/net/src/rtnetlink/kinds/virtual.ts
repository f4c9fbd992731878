// Attributes of interfaces that sit on others or on nothing: vlan, macvlan, ipvlan, vrf, bond, tun.
import { ip, lladdr } from '../../netlink/addresses.js';
import { arrayOf, attributes } from '../../netlink/attributes.js';
import { boolean, choice, u8, u16, u32 } from '../../netlink/codec.js';
import { struct } from '../../netlink/struct.js';
import { vlanProtocol } from './bridge.js';

/** `ip link add type vlan`. */
export const vlan = attributes({
  id: [1, u16],
  flags: [2, struct({ flags: u32, mask: u32 })],
  protocol: [5, vlanProtocol],
});

/** `ip link add type macvlan` and macvtap. */
export const macvlan = attributes({
  mode: [1, choice(u32, { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 })],
  flags: [2, u16],
  macaddr_count: [6, u32],
  bc_queue_len: [7, u32],
  used_bc_queue_len: [8, u32],
});

/** `ip link add type ipvlan` and ipvtap. */
export const ipvlan = attributes({
  mode: [1, choice(u16, { l2: 0, l3: 1, l3s: 2 })],
  flags: [2, choice(u16, { bridge: 0, private: 1, vepa: 2 })],
});

/** `ip link add type vrf`. */
export const vrf = attributes({ table: [1, u32] });

const bondModes = {
  'balance-rr': 0,
  'active-backup': 1,
  'balance-xor': 2,
  broadcast: 3,
  '802.3ad': 4,
  'balance-tlb': 5,
  'balance-alb': 6,
};

/** `ip link add type bond`. Times in milliseconds. */
export const bond = attributes({
  mode: [1, choice(u8, bondModes)],
  active_slave: [2, u32],
  miimon: [3, u32],
  updelay: [4, u32],
  downdelay: [5, u32],
  use_carrier: [6, u8],
  arp_interval: [7, u32],
  arp_ip_target: [8, arrayOf(ip, 0)],
  arp_validate: [9, u32],
  arp_all_targets: [10, u32],
  primary: [11, u32],
  primary_reselect: [12, u8],
  fail_over_mac: [13, u8],
  xmit_hash_policy: [
    14,
    choice(u8, {
      layer2: 0,
      'layer3+4': 1,
      'layer2+3': 2,
      'encap2+3': 3,
      'encap3+4': 4,
      'vlan+srcmac': 5,
    }),
  ],
  resend_igmp: [15, u32],
  num_peer_notif: [16, u8],
  all_slaves_active: [17, u8],
  min_links: [18, u32],
  lp_interval: [19, u32],
  packets_per_slave: [20, u32],
  ad_lacp_rate: [21, choice(u8, { slow: 0, fast: 1 })],
  ad_select: [22, choice(u8, { stable: 0, bandwidth: 1, count: 2 })],
  ad_actor_sys_prio: [24, u16],
  ad_user_port_key: [25, u16],
  ad_actor_system: [26, lladdr],
  tlb_dynamic_lb: [27, u8],
  peer_notif_delay: [28, u32],
});

/** Attributes of `ip tuntap`. Such interfaces are made by openTun(). */
export const tun = attributes({
  user: [1, u32],
  group: [2, u32],
  type: [3, choice(u8, { tun: 1, tap: 2 })],
  pi: [4, boolean(u8)],
  vnet_hdr: [5, boolean(u8)],
  persist: [6, boolean(u8)],
  multi_queue: [7, boolean(u8)],
  numqueues: [8, u32],
  numdisabled: [9, u32],
});

/** Interfaces without settings of their own: dummy, ifb, wireguard. */
export const plain = attributes({});
