// Messages about traffic control: struct tcmsg.
import { attributes, byKind } from '../netlink/attributes.js';
import { bytes, type Codec, count64, s32, text, u8, u16, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { flower, matchall, u32Filter } from './filter-kinds.js';
import { netem } from './netem.js';
import { fqCodel, htb, htbClass, tbf } from './qdisc-kinds.js';

/** Codecs of the options of qdiscs, by their kinds. */
export const qdiscKinds = { tbf, htb, fq_codel: fqCodel, netem };
/** Codecs of the options of classes. */
export const classKinds = { htb: htbClass };
/** Codecs of the options of filters. */
export const filterKinds = { matchall, flower, u32: u32Filter };

const header = struct({
  family: u8,
  _pad1: u8,
  _pad2: u16,
  ifindex: s32,
  handle: u32,
  parent: u32,
  info: u32,
});

/** Counters of gnet_stats_basic and gnet_stats_queue. */
const stats = attributes({
  basic: [1, struct({ bytes: count64, packets: u32 })],
  queue: [3, struct({ qlen: u32, backlog: u32, drops: u32, requeues: u32, overlimits: u32 })],
  app: [4, bytes],
  basicHw: [7, bytes],
  packets64: [8, count64],
});

function body(kinds: Readonly<Record<string, Codec<unknown>>>) {
  return new Body(
    header,
    attributes({
      kind: [1, text(15)],
      options: [2, byKind<object>('kind', kinds, bytes)],
      stats: [3, bytes],
      xstats: [4, bytes],
      stats2: [7, stats],
      chain: [11, u32],
      hwOffload: [12, u8],
      ingressBlock: [13, u32],
      egressBlock: [14, u32],
    }),
  );
}

/** Of queueing disciplines. */
export const qdiscBody = body(qdiscKinds);
/** Of classes. */
export const classBody = body(classKinds);
/** Of filters. */
export const filterBody = body(filterKinds);
