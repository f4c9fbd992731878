// Attributes of tunnels: VXLAN, GENEVE, GRE and IP in IP.
import { ip } from '../../netlink/addresses.js';
import { attributes } from '../../netlink/attributes.js';
import { be16, be32, boolean, flag, u8, u16, u32 } from '../../netlink/codec.js';
import { struct } from '../../netlink/struct.js';

/** `ip link add type vxlan`. */
export const vxlan = attributes({
  id: [1, u32],
  /** Where frames to unknown addresses go: a host or a multicast group. */
  remote: [2, ip],
  /** The interface that the tunnel uses. */
  dev: [3, u32],
  local: [4, ip],
  ttl: [5, u8],
  tos: [6, u8],
  learning: [7, boolean(u8)],
  ageing: [8, u32],
  limit: [9, u32],
  port_range: [10, struct({ low: be16, high: be16 })],
  proxy: [11, boolean(u8)],
  rsc: [12, boolean(u8)],
  l2miss: [13, boolean(u8)],
  l3miss: [14, boolean(u8)],
  /** UDP port; 4789 is IANA's, 8472 the kernel's old default. */
  port: [15, be16],
  remote6: [16, ip],
  local6: [17, ip],
  udp_csum: [18, boolean(u8)],
  udp_zero_csum6_tx: [19, boolean(u8)],
  udp_zero_csum6_rx: [20, boolean(u8)],
  remcsum_tx: [21, boolean(u8)],
  remcsum_rx: [22, boolean(u8)],
  gbp: [23, flag],
  external: [25, boolean(u8)],
  label: [26, be32],
  gpe: [27, flag],
  ttl_inherit: [28, flag],
  df: [29, u8],
  vnifilter: [30, boolean(u8)],
});

/** `ip link add type geneve`. */
export const geneve = attributes({
  id: [1, u32],
  remote: [2, ip],
  ttl: [3, u8],
  tos: [4, u8],
  port: [5, be16],
  external: [6, flag],
  remote6: [7, ip],
  udp_csum: [8, boolean(u8)],
  udp_zero_csum6_tx: [9, boolean(u8)],
  udp_zero_csum6_rx: [10, boolean(u8)],
  label: [11, be32],
  ttl_inherit: [12, boolean(u8)],
  df: [13, u8],
  inner_proto_inherit: [14, flag],
});

/** `ip link add type gre`, gretap, ip6gre, ip6gretap. */
export const gre = attributes({
  dev: [1, u32],
  /** Bits of the GRE header, in network order: 0x2000 for a key. */
  iflags: [2, be16],
  oflags: [3, be16],
  ikey: [4, be32],
  okey: [5, be32],
  local: [6, ip],
  remote: [7, ip],
  ttl: [8, u8],
  tos: [9, u8],
  pmtudisc: [10, boolean(u8)],
  encap_limit: [11, u8],
  flowinfo: [12, be32],
  flags: [13, u32],
  encap_type: [14, u16],
  encap_flags: [15, u16],
  encap_sport: [16, be16],
  encap_dport: [17, be16],
  external: [18, flag],
  ignore_df: [19, boolean(u8)],
  fwmark: [20, u32],
});

/** `ip link add type ipip`, sit, ip6tnl. */
export const ipTunnel = attributes({
  dev: [1, u32],
  local: [2, ip],
  remote: [3, ip],
  ttl: [4, u8],
  tos: [5, u8],
  encap_limit: [6, u8],
  flowinfo: [7, be32],
  flags: [8, be16],
  proto: [9, u8],
  pmtudisc: [10, boolean(u8)],
  encap_type: [15, u16],
  encap_flags: [16, u16],
  encap_sport: [17, be16],
  encap_dport: [18, be16],
  external: [19, flag],
  fwmark: [20, u32],
});
