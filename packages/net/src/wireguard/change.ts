// Changes of WireGuard interfaces, and the messages that make them.
import { checked } from '../options.js';
import { NO_KEY, type PeerValues, type WireguardValues } from './table.js';

const REPLACE_PEERS = 1;
const REMOVE_ME = 1;
const REPLACE_ALLOWED_IPS = 2;
const UPDATE_ONLY = 4;
/** Peers and prefixes in one message: it must stay below the 64 KiB of an attribute. */
const MOST_PREFIXES = 500;

/** A peer to be added or changed. */
export interface WireguardPeerChange {
  publicKey: string;
  /** Null: none any more. */
  presharedKey?: string | null;
  endpoint?: string;
  /** All of its addresses: those that it had go, as with `wg set`. */
  allowedIps?: readonly string[];
  /** Seconds; 0: off. */
  persistentKeepalive?: number;
  /** Take it away. */
  remove?: boolean;
  /** Change it only if it is there. */
  updateOnly?: boolean;
}

/** Changes of a WireGuard interface. */
export interface WireguardChange {
  /** Null: none any more. */
  privateKey?: string | null;
  /** UDP port; 0: any. */
  listenPort?: number;
  /** 0: none. */
  fwmark?: number;
  peers?: readonly WireguardPeerChange[];
  /** These peers and no others. Default: others stay. */
  replacePeers?: boolean;
}

const keys = ['privateKey', 'listenPort', 'fwmark', 'peers', 'replacePeers'];
const peerKeys = [
  ...['publicKey', 'presharedKey', 'endpoint', 'allowedIps', 'persistentKeepalive'],
  ...['remove', 'updateOnly'],
];

/**
 * Returns a change without prototypes, if all that it has is known.
 *
 * @throws {TypeError} that names the option
 */
export function checkedChange(change: WireguardChange): WireguardChange {
  const own = checked(change, keys, 'change');
  const peers = own.peers?.map((peer, i) => checked(peer, peerKeys, `peers[${i}]`));
  return peers === undefined ? own : { ...own, peers };
}

function toValues(peer: WireguardPeerChange): PeerValues {
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
    allowedIps: allowedIps && [...allowedIps],
  };
}

/** Peers with few enough prefixes for one message each; a peer with more of them is continued. */
function* portions(peers: readonly WireguardPeerChange[]): Generator<PeerValues[]> {
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

/** The messages that make a change. */
export function changeMessages(ifindex: number, change: WireguardChange): WireguardValues[] {
  const { privateKey, listenPort, fwmark, peers = [], replacePeers } = change;
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
