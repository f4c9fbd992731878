// Messages of WireGuard's generic netlink family, and its keys as wg(8) writes them.
import { familyOf, ip, parsePrefix } from '../netlink/addresses.js';
import { arrayOf, attributes, type ValuesOf } from '../netlink/attributes.js';
import { type Codec, count64, scount64, text, u8, u16, u32 } from '../netlink/codec.js';
import { GenericBody } from '../netlink/generic.js';
import { endpoint } from '../netlink/sockaddr.js';
import { struct } from '../netlink/struct.js';

const KEY_BYTES = 32;
/** The key of zeros, by which the kernel writes a missing key. */
export const NO_KEY = Buffer.alloc(KEY_BYTES).toString('base64');
const FAMILIES = { inet: 2, inet6: 10 } as const;

/** A key in base64, as wg(8) writes it. */
export const key: Codec<string> = {
  decode: (bytes, start, end) =>
    end - start === KEY_BYTES ? bytes.toString('base64', start, end) : undefined,
  encode(value, name) {
    // The last of the 44 characters is padding; so that there is one spelling, it is compared.
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
    if (bytes?.length !== KEY_BYTES || bytes.toString('base64') !== value) {
      // The value is left out of the error: it may be a secret.
      throw new TypeError(`${name} must be a key: ${KEY_BYTES} bytes in base64`);
    }
    return bytes;
  },
};

const allowedIpTable = attributes({ family: [1, u16], address: [2, ip], mask: [3, u8] });

/** `10.0.0.0/24`, always with the length of the prefix. */
export const allowedIp: Codec<string> = {
  nested: true,
  decode(bytes, start, end) {
    const { address, mask } = allowedIpTable.decode(bytes, start, end);
    return address === undefined || mask === undefined ? undefined : `${address}/${mask}`;
  },
  encode(value, name) {
    const { address, prefixlen } = parsePrefix(value, name);
    const family = FAMILIES[familyOf(address)];
    return allowedIpTable.encode({ family, address, mask: prefixlen }, name);
  },
  locate: (bytes, start, end, offset) => allowedIpTable.locate(bytes, start, end, offset),
};

/** WGPEER_A_* */
const peer = attributes({
  publicKey: [1, key],
  presharedKey: [2, key],
  flags: [3, u32],
  endpoint: [4, endpoint],
  persistentKeepalive: [5, u16],
  latestHandshake: [6, struct({ seconds: scount64, nanoseconds: scount64 })],
  transferRx: [7, count64],
  transferTx: [8, count64],
  allowedIps: [9, arrayOf(allowedIp, 0)],
  protocolVersion: [10, u32],
});

/** WGDEVICE_A_* */
export const wireguardBody = new GenericBody(
  attributes({
    ifindex: [1, u32],
    ifname: [2, text(15)],
    privateKey: [3, key],
    publicKey: [4, key],
    flags: [5, u32],
    listenPort: [6, u16],
    fwmark: [7, u32],
    peers: [8, arrayOf(peer, 0)],
  }),
);

/** A message. */
export type WireguardValues = ValuesOf<typeof wireguardBody.attributes.entries>;
/** A peer in it. */
export type PeerValues = ValuesOf<typeof peer.entries>;
