// Filters: matchall, flower and u32, with their actions.
import { type Members, parse } from '@ns/core/authors';
import { ip, lladdr } from '../netlink/addresses.js';
import { arrayOf, attributes, byKind } from '../netlink/attributes.js';
import {
  be16,
  be32,
  bytes,
  type Codec,
  encodable,
  s16,
  s32,
  text,
  u8,
  u16,
  u32,
} from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import {
  type GactOptions,
  gact,
  type MirredOptions,
  mirred,
  type PoliceOptions,
  police,
} from './actions.js';
import { formatHandle, parseHandle } from './units.js';

/** An action of a filter. */
export type FilterAction =
  | { kind: 'police'; options: PoliceOptions }
  | { kind: 'mirred'; options: MirredOptions }
  | { kind: 'gact'; options: GactOptions };

const action = attributes({
  kind: [1, text(15)],
  options: [2, byKind<FilterAction['options']>('kind', { police, mirred, gact }, bytes)],
  index: [3, u32],
  stats: [4, bytes],
  cookie: [6, bytes],
  hwStats: [8, bytes],
  usedHwStats: [9, bytes],
  inHwCount: [10, u32],
});

const actions = arrayOf(action);

/** A class as `1:10`. */
const classid: Codec<string> = {
  decode: (buffer, start, end) =>
    end - start < 4 ? undefined : formatHandle(buffer.readUInt32LE(start)),
  encode: (value, name) => u32.encode(parseHandle(value, name), name, {}),
};

/** Takes every packet. */
export const matchall = attributes({
  classid: [1, classid],
  actions: [2, actions],
  flags: [3, u32],
});

/** Matches by fields of the packet. Without a mask, all bits of a value are compared. */
export const flower = attributes({
  classid: [1, classid],
  indev: [2, text(15)],
  actions: [3, actions],
  dst_mac: [4, lladdr],
  dst_mac_mask: [5, lladdr],
  src_mac: [6, lladdr],
  src_mac_mask: [7, lladdr],
  eth_type: [8, be16],
  ip_proto: [9, u8],
  src_ip: [10, ip],
  src_ip_mask: [11, ip],
  dst_ip: [12, ip],
  dst_ip_mask: [13, ip],
  src_ip6: [14, ip],
  src_ip6_mask: [15, ip],
  dst_ip6: [16, ip],
  dst_ip6_mask: [17, ip],
  tcp_src: [18, be16],
  tcp_dst: [19, be16],
  udp_src: [20, be16],
  udp_dst: [21, be16],
  flags: [22, u32],
  vlan_id: [23, u16],
  vlan_prio: [24, u8],
  vlan_ethtype: [25, be16],
  tcp_src_mask: [35, be16],
  tcp_dst_mask: [36, be16],
  udp_src_mask: [37, be16],
  udp_dst_mask: [38, be16],
  icmp_code: [49, u8],
  icmp_type: [51, u8],
  tcp_flags: [71, be16],
  tcp_flags_mask: [72, be16],
  ip_tos: [73, u8],
  ip_tos_mask: [74, u8],
  ip_ttl: [75, u8],
  ip_ttl_mask: [76, u8],
  in_hw_count: [86, u32],
});

/** A word of the packet: `off` bytes from the start of the IP header. */
export interface U32Key {
  mask: number;
  val: number;
  off: number;
  offmask?: number | undefined;
}

const TERMINAL = 1;
const selHeader = struct({
  flags: u8,
  offshift: u8,
  nkeys: u8,
  _pad: u8,
  offmask: be16,
  off: u16,
  offoff: s16,
  hoff: s16,
  hmask: be32,
});
const selKey = struct({ mask: be32, val: be32, off: s32, offmask: s32 });

const MOST_KEYS = 128;

const parseKeys = parse.list(
  parse.options({
    mask: parse.required(encodable(be32)),
    val: parse.required(encodable(be32)),
    off: parse.required(encodable(s32)),
    offmask: parse.withDefault(encodable(s32), 0),
  } satisfies Members<U32Key>),
);

const selector: Codec<U32Key[]> = {
  decode(buffer, start, end) {
    const head = selHeader.decode(buffer, start, end);
    if (head === undefined || end - start < selHeader.size + head.nkeys * selKey.size)
      return undefined;
    return Array.from({ length: head.nkeys }, (_, i) => {
      const at = start + selHeader.size + i * selKey.size;
      return selKey.decode(buffer, at, end) as Required<U32Key>;
    });
  },
  encode(keys, name) {
    const parsed = parseKeys(keys, name);
    if (parsed.length > MOST_KEYS) {
      parse.refuse(name, `an array of at most ${MOST_KEYS} keys`, keys);
    }
    const head = selHeader.encodeSome({ flags: TERMINAL, nkeys: parsed.length }, name);
    // The kernel wants values that are masked already.
    const parts = parsed.map((key) => {
      return selKey.encodeSome({ ...key, val: (key.val & key.mask) >>> 0 }, name);
    });
    return Buffer.concat([head, ...parts]);
  },
};

/** Matches words of the packet. */
export const u32Filter = attributes({
  classid: [1, classid],
  hash: [2, u32],
  link: [3, u32],
  divisor: [4, u32],
  match: [5, selector],
  police: [6, police],
  actions: [7, actions],
  indev: [8, text(15)],
  counters: [9, bytes],
  mark: [10, bytes],
  flags: [11, u32],
});
