// Changes of WireGuard interfaces, and the messages that make them.
import { type Members, parse } from '@ns/core/authors';
import { encodable, u16, u32 } from '../netlink/codec.js';
import { endpoint } from '../netlink/sockaddr.js';
import { nullable } from '../rtnetlink/device.js';
import { allowedIp, key, NO_KEY, type PeerValues, type WireguardValues } from './table.js';

const REPLACE_PEERS = 1;
const REMOVE_ME = 1;
const REPLACE_ALLOWED_IPS = 2;
const UPDATE_ONLY = 4;
/** Peers and prefixes in one message: it must stay below the 64 KiB of an attribute. */
const MOST_PREFIXES = 500;

/** A peer to be added or changed. */
export interface WireguardPeerChange {
  publicKey: string;
  /** Preshared key; null removes it. */
  presharedKey?: string | null | undefined;
  endpoint?: string | undefined;
  /** All prefixes of the peer. They replace those that it had, as with `wg set`. */
  allowedIps?: readonly string[] | undefined;
  /** Seconds; 0 for none. */
  persistentKeepalive?: number | undefined;
  /** Remove the peer. */
  remove?: boolean | undefined;
  /** Change the peer only if it is there. */
  updateOnly?: boolean | undefined;
}

/** Changes of a WireGuard interface. */
export interface WireguardChange {
  /** Private key; null removes it. */
  privateKey?: string | null | undefined;
  /** UDP port; 0 for any. */
  listenPort?: number | undefined;
  /** Mark of the packets sent; 0 for none. */
  fwmark?: number | undefined;
  peers?: readonly WireguardPeerChange[] | undefined;
  /** Remove all other peers. Default: false. */
  replacePeers?: boolean | undefined;
}

const parseKey = encodable(key);

const parsePeer = parse.options({
  publicKey: parse.required(parseKey),
  presharedKey: nullable(parseKey),
  endpoint: encodable(endpoint),
  allowedIps: parse.list(encodable(allowedIp)),
  persistentKeepalive: encodable(u16),
  remove: parse.boolean,
  updateOnly: parse.boolean,
} satisfies Members<WireguardPeerChange>);

/** The parser of changes of an interface. */
export const parseChange = parse.options({
  privateKey: nullable(parseKey),
  listenPort: encodable(u16),
  fwmark: encodable(u32),
  peers: parse.withDefault(parse.list(parsePeer), []),
  replacePeers: parse.boolean,
} satisfies Members<WireguardChange>);

type PeerOptions = ReturnType<typeof parsePeer>;

function toValues(peer: PeerOptions): PeerValues {
  const { presharedKey, allowedIps, remove, updateOnly } = peer;
  return {
    publicKey: peer.publicKey,
    presharedKey: presharedKey === null ? NO_KEY : presharedKey,
    flags:
      (remove ? REMOVE_ME : 0) |
        (allowedIps ? REPLACE_ALLOWED_IPS : 0) |
        (updateOnly ? UPDATE_ONLY : 0) || undefined,
    endpoint: peer.endpoint,
    persistentKeepalive: peer.persistentKeepalive,
    allowedIps,
  };
}

/** Yields peers with few enough prefixes for one message; a peer with more is continued in the next. */
function* portions(peers: readonly PeerOptions[]): Generator<PeerValues[]> {
  let portion: PeerValues[] = [];
  let size = 0;
  for (const peer of peers.map(toValues)) {
    const { allowedIps = [], ...rest } = peer;
    for (let from = 0; from === 0 || from < allowedIps.length; from += MOST_PREFIXES) {
      const some = allowedIps.slice(from, from + MOST_PREFIXES);
      if (portion.length > 0 && size + some.length + 1 > MOST_PREFIXES) {
        yield portion;
        portion = [];
        size = 0;
      }
      size += some.length + 1;
      portion.push(
        from === 0
          ? { ...rest, ...(peer.allowedIps ? { allowedIps: some } : {}) }
          : { publicKey: peer.publicKey, allowedIps: some, flags: UPDATE_ONLY },
      );
    }
  }
  yield portion;
}

/** Returns the messages that make a change. */
export function changeMessages(
  ifindex: number,
  change: ReturnType<typeof parseChange>,
): WireguardValues[] {
  const { privateKey, listenPort, fwmark, peers, replacePeers } = change;
  return [...portions(peers)].map((portion, i) => ({
    ifindex,
    ...(i === 0
      ? {
          privateKey: privateKey === null ? NO_KEY : privateKey,
          listenPort,
          fwmark,
          flags: replacePeers ? REPLACE_PEERS : undefined,
        }
      : {}),
    peers: portion.length > 0 ? portion : undefined,
  }));
}
