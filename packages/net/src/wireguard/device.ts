// WireGuard interfaces and their peers as the kernel tells of them.
import { defined } from '../rtnetlink/request-context.js';
import { NO_KEY, type PeerValues, type WireguardValues } from './table.js';

/** A peer, in the terms of wg(8). */
export interface WireguardPeer {
  readonly publicKey: string;
  readonly presharedKey?: string;
  /** Where it was last seen, or is expected: `192.0.2.1:51820`, `[2001:db8::1]:51820`. */
  readonly endpoint?: string;
  /** Its addresses: what may come from it, and what is sent to it. */
  readonly allowedIps: readonly string[];
  /** Seconds between packets that keep the way open; 0: none. */
  readonly persistentKeepalive: number;
  /** Seconds since 1970; undefined: never. */
  readonly latestHandshake?: number;
  /** Bytes received. */
  readonly transferRx: number;
  /** Bytes sent. */
  readonly transferTx: number;
}

/** A WireGuard interface, in the terms of wg(8). */
export interface WireguardDevice {
  readonly ifindex: number;
  readonly ifname: string;
  /** Undefined without CAP_NET_ADMIN. */
  readonly privateKey?: string;
  readonly publicKey?: string;
  readonly listenPort: number;
  /** Mark of the packets sent; 0: none. */
  readonly fwmark: number;
  readonly peers: readonly WireguardPeer[];
}

function toPeer(values: PeerValues): WireguardPeer {
  const { publicKey = '', presharedKey, latestHandshake, transferRx, transferTx } = values;
  const { seconds = 0, nanoseconds = 0 } = latestHandshake ?? {};
  return defined({
    publicKey,
    presharedKey: presharedKey === NO_KEY ? undefined : presharedKey,
    endpoint: values.endpoint,
    allowedIps: values.allowedIps ?? [],
    persistentKeepalive: values.persistentKeepalive ?? 0,
    latestHandshake: seconds === 0 ? undefined : seconds + nanoseconds / 1e9,
    transferRx: transferRx ?? 0,
    transferTx: transferTx ?? 0,
  }) as WireguardPeer;
}

/** Joins the messages of a device: peers are continued in the next message, and their addresses as well. */
export function joinPieces(pieces: readonly WireguardValues[]): WireguardDevice {
  const peers: PeerValues[] = [];
  for (const piece of pieces) {
    for (const [i, peer] of (piece.peers ?? []).entries()) {
      const last = peers.at(-1);
      if (i === 0 && last !== undefined && last.publicKey === peer.publicKey) {
        last.allowedIps = [...(last.allowedIps ?? []), ...(peer.allowedIps ?? [])];
      } else peers.push({ ...peer });
    }
  }
  const [first = {}] = pieces;
  return defined({
    ifindex: first.ifindex ?? 0,
    ifname: first.ifname ?? '',
    privateKey: first.privateKey === NO_KEY ? undefined : first.privateKey,
    publicKey: first.publicKey === NO_KEY ? undefined : first.publicKey,
    listenPort: first.listenPort ?? 0,
    fwmark: first.fwmark ?? 0,
    peers: peers.map(toPeer),
  }) as WireguardDevice;
}
