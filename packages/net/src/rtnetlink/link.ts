// A link as a user sees it.
import type { RawAttribute } from '../netlink/attributes.js';
import { type InfoData, linkBody, linkFlags, linkType } from './link-table.js';

/** One direction of a link's statistics. */
export interface LinkCounters {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** A link, in the terms of `ip -d -s -j link`. */
export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  /** `UP`, `LOWER_UP`, `BROADCAST`, ... */
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly qdisc?: string;
  /** State: `UP`, `DOWN`, `UNKNOWN`, ... */
  readonly operstate: string | number;
  /** Number of its group; 0 is `default`. */
  readonly group: number;
  readonly txqlen?: number;
  /** `ether`, `loopback`, `none`, ... */
  readonly link_type: string;
  readonly address?: string;
  readonly broadcast?: string;
  readonly permaddr?: string;
  readonly ifalias?: string;
  readonly altnames?: readonly string[];
  /** Index of the bridge, bond or vrf that it is a port of. */
  readonly master?: number;
  /** Index of the lower interface, or of the other end of a pair. */
  readonly link?: number;
  /** The number that this namespace has for the one that `link` is in, if it is another one. */
  readonly link_netnsid?: number;
  readonly promiscuity?: number;
  readonly num_tx_queues?: number;
  readonly num_rx_queues?: number;
  readonly min_mtu?: number;
  readonly max_mtu?: number;
  /** Kind and its settings. */
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: InfoData;
    readonly info_slave_kind?: string;
    readonly info_slave_data?: InfoData;
  };
  /** 64-bit statistics. */
  readonly stats64?: {
    readonly rx: LinkCounters & { readonly multicast: number };
    readonly tx: LinkCounters & { readonly collisions: number };
  };
  /** Attributes that this package does not know. */
  readonly unknown?: readonly RawAttribute[];
  /** Attributes that it could not read. */
  readonly malformed?: readonly RawAttribute[];
}

/** Members of a link that the kernel may leave out. */
const optional = [
  'qdisc',
  'txqlen',
  'address',
  'broadcast',
  'permaddr',
  'ifalias',
  'master',
  'link',
  'link_netnsid',
  'promiscuity',
  'num_tx_queues',
  'num_rx_queues',
  'min_mtu',
  'max_mtu',
  'linkinfo',
] as const;

const readBody = linkBody.reading(
  ...optional,
  ...(['ifname', 'mtu', 'operstate', 'group', 'propList', 'stats64'] as const),
);

type Values = NonNullable<ReturnType<typeof readBody.decode>>;

function counters(s: NonNullable<Values['stats64']>): NonNullable<Link['stats64']> {
  return {
    rx: {
      bytes: s.rx_bytes,
      packets: s.rx_packets,
      errors: s.rx_errors,
      dropped: s.rx_dropped,
      multicast: s.multicast,
    },
    tx: {
      bytes: s.tx_bytes,
      packets: s.tx_packets,
      errors: s.tx_errors,
      dropped: s.tx_dropped,
      collisions: s.collisions,
    },
  };
}

/** A message as a link; undefined if it is cut off. */
export function decodeLink(bytes: Buffer, start: number, end: number): Link | undefined {
  const values = readBody.decode(bytes, start, end);
  if (values === undefined) return undefined;
  const link: Record<string, unknown> = {
    ifindex: values.index,
    ifname: values.ifname ?? '',
    flags: linkFlags(values.flags),
    mtu: values.mtu ?? 0,
    operstate: values.operstate ?? 'UNKNOWN',
    group: values.group ?? 0,
    link_type: linkType(values.type),
  };
  for (const name of optional) if (values[name] !== undefined) link[name] = values[name];
  if (values.propList?.altnames) link.altnames = values.propList.altnames;
  if (values.stats64) link.stats64 = counters(values.stats64);
  if (values.unknown) link.unknown = values.unknown;
  if (values.malformed) link.malformed = values.malformed;
  return link as unknown as Link;
}
