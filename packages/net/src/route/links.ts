// Links: `ip link`.
import type { RawAttribute } from '../netlink/attributes.js';
import { NLM_F } from '../netlink/message.js';
import type { NetTarget } from '../where.js';
import { type Context, creation, type Device, defined, leftovers, request } from './context.js';
import { type LinkChange, type NewLink, withLinkMessage } from './link-options.js';
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

/** Which links are listed. */
export interface LinkFilter {
  /** Only of this kind: `'veth'`. */
  kind?: string;
  /** Only ports of this bridge, bond or vrf. */
  master?: Device;
}

type Values = NonNullable<ReturnType<typeof linkBody.decode>>;

function counters(values: Values): Link['stats64'] {
  const s = values.stats64 as Record<string, number> | undefined;
  if (s === undefined) return undefined;
  const side = (from: 'rx' | 'tx') => ({
    bytes: s[`${from}_bytes`] ?? 0,
    packets: s[`${from}_packets`] ?? 0,
    errors: s[`${from}_errors`] ?? 0,
    dropped: s[`${from}_dropped`] ?? 0,
  });
  return {
    rx: { ...side('rx'), multicast: s.multicast ?? 0 },
    tx: { ...side('tx'), collisions: s.collisions ?? 0 },
  };
}

/** A decoded message as a link. */
export function toLink(values: Values): Link {
  const { propList, linkinfo } = values;
  return defined({
    ifindex: values.index,
    ifname: values.ifname ?? '',
    flags: linkFlags(values.flags),
    mtu: values.mtu ?? 0,
    qdisc: values.qdisc,
    operstate: values.operstate ?? 'UNKNOWN',
    group: values.group ?? 0,
    txqlen: values.txqlen,
    link_type: linkType(values.type),
    address: values.address,
    broadcast: values.broadcast,
    permaddr: values.permaddr,
    ifalias: values.ifalias,
    altnames: propList?.altnames,
    master: values.master,
    link: values.link,
    link_netnsid: values.link_netnsid,
    promiscuity: values.promiscuity,
    num_tx_queues: values.num_tx_queues,
    num_rx_queues: values.num_rx_queues,
    min_mtu: values.min_mtu,
    max_mtu: values.max_mtu,
    linkinfo: linkinfo as Link['linkinfo'],
    stats64: counters(values),
    ...leftovers(values),
  }) as Link;
}

function decode(bytes: Buffer, start: number, end: number): Link | undefined {
  const values = linkBody.decode(bytes, start, end);
  return values && toLink(values);
}

/** The links of a namespace. */
export class Links {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #dumpRequest({ kind, master }: LinkFilter) {
    const body = linkBody.encode(
      {},
      {
        master: master === undefined ? undefined : this.#context.index(master, 'master'),
        linkinfo: kind === undefined ? undefined : { info_kind: kind },
      },
    );
    return request('GETLINK', 0, body, linkBody, { kind, master });
  }

  /** All links, or those of a kind or a master: `ip -d -s -j link`. */
  list(filter: LinkFilter = {}): Link[] {
    return this.#context.socket.dump(this.#dumpRequest(filter), decode);
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  async *dump(filter: LinkFilter = {}): AsyncGenerator<Link, void, undefined> {
    const socket = this.#context.another();
    try {
      yield* socket.each(this.#dumpRequest(filter), decode);
    } finally {
      socket.close();
    }
  }

  /**
   * One link: `ip -d -s -j link show dev NAME`.
   *
   * @throws {NetlinkError} ENODEV
   */
  get(device: Device): Link {
    let link: Link | undefined;
    const body = linkBody.encode({ index: this.#context.index(device) }, {});
    this.#context.socket.request(
      request('GETLINK', 0, body, linkBody, { dev: device }),
      (bytes, start, end) => {
        link = decode(bytes, start, end);
      },
    );
    return link as Link;
  }

  /**
   * Makes a link: `ip link add NAME type KIND ...`. A pair's other end can be made in another
   * namespace at once.
   *
   * Needs CAP_NET_ADMIN in this and in the other namespace.
   *
   * @throws {NetlinkError} EEXIST if the name is taken, EOPNOTSUPP for a kind that the kernel lacks
   * @example route.link.add({ kind: 'veth', name: 'a0', peer: { name: 'b0', namespace: other } });
   */
  add(options: NewLink): void {
    const kind: unknown = options?.kind;
    if (typeof kind !== 'string') throw new TypeError(`kind must be a string: ${String(kind)}`);
    withLinkMessage(this.#context, options, (header, values) => {
      const body = linkBody.encode(header, values);
      this.#context.send('NEWLINK', creation.add, body, linkBody, options);
    });
  }

  /**
   * Changes a link: `ip link set NAME ...`. With `namespace` it moves there; with `kind`, settings of
   * the kind can be among the changes.
   *
   * @throws {NetlinkError} ENODEV, EBUSY for what can be changed only while it is down
   * @example route.link.change('eth0', { up: true, mtu: 1400 });
   */
  change(device: Device, changes: LinkChange): void {
    const index = this.#context.index(device);
    withLinkMessage(this.#context, changes, (header, values) => {
      const body = linkBody.encode({ ...header, index }, values);
      this.#context.send('NEWLINK', 0, body, linkBody, { dev: device, ...changes });
    });
  }

  /** Changes the settings of a bridge's port: `ip link set NAME type bridge_slave ...`. */
  changePort(device: Device, settings: InfoData): void {
    const index = this.#context.index(device);
    const linkinfo = { info_slave_kind: 'bridge', info_slave_data: settings };
    const body = linkBody.encode({ index }, { linkinfo });
    this.#context.send('NEWLINK', 0, body, linkBody, { dev: device, ...settings });
  }

  /** `ip link set NAME up`. */
  up(device: Device): void {
    this.change(device, { up: true });
  }

  /** `ip link set NAME down`. */
  down(device: Device): void {
    this.change(device, { up: false });
  }

  /** Moves a link to another namespace: `ip link set NAME netns TARGET`. It is down afterwards. */
  move(device: Device, namespace: NetTarget): void {
    this.change(device, { namespace });
  }

  /** Removes a link, and the other end of a pair with it: `ip link delete NAME`. */
  delete(device: Device): void {
    const body = linkBody.encode({ index: this.#context.index(device) }, {});
    this.#context.send('DELLINK', 0, body, linkBody, { dev: device });
  }

  #property(type: 'NEWLINKPROP' | 'DELLINKPROP', device: Device, altnames: string[]): void {
    const index = this.#context.index(device);
    const body = linkBody.encode({ index }, { propList: { altnames } });
    const flags = type === 'NEWLINKPROP' ? NLM_F.CREATE | NLM_F.EXCL | NLM_F.APPEND : 0;
    this.#context.send(type, flags, body, linkBody, { dev: device, altnames });
  }

  /** Gives a link more names, of up to 127 bytes: `ip link property add`. Linux 5.5. */
  addNames(device: Device, ...names: string[]): void {
    this.#property('NEWLINKPROP', device, names);
  }

  /** Takes such names away: `ip link property del`. */
  deleteNames(device: Device, ...names: string[]): void {
    this.#property('DELLINKPROP', device, names);
  }
}
