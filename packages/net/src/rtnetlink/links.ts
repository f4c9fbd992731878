// Links: `ip link`.
import { type Members, type Parser, parse } from '@ns/core/authors';
import { inNet, type NetTarget } from '../in-net.js';
import { encodable, text } from '../netlink/codec.js';
import { NLM_F } from '../netlink/message.js';
import { Qdiscs } from '../tc/qdiscs.js';
import { parseShape, type Shape, shape } from '../tc/shape.js';
import { type Device, device as parseDevice } from './device.js';
import { bridgePort } from './kinds/bridge.js';
import { decodeLink as decode, type Link } from './link.js';
import {
  type LinkChange,
  type NewLink,
  parseLinkChange,
  parseNewLink,
  withLinkMessage,
} from './link-options.js';
import { type InfoData, linkBody } from './link-table.js';
import { byName, type Context, creation, type Question, request } from './request-context.js';

/** Limits the links that are listed. */
export interface LinkFilter {
  /** Only of this kind: `'veth'`. */
  kind?: string | undefined;
  /** Only ports of this bridge, bond or vrf. */
  master?: Device | undefined;
}

const parseFilter = parse.options({
  kind: encodable(text()),
  master: parseDevice,
} satisfies Members<LinkFilter>);

const parsePort: Parser<InfoData> = encodable(bridgePort) as Parser<InfoData>;

/** The parser of an alternative name. */
const altname = encodable(text(127));
const parseNames = parse.list(altname);

/** The links of a namespace. */
export class Links {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #index(device: Device): number {
    return this.#context.index(parseDevice(device, 'device'));
  }

  #table(filter: LinkFilter): Question<Link> {
    const { kind, master } = parseFilter(filter, 'filter');
    const body = linkBody.encode(
      {},
      {
        master: master === undefined ? undefined : this.#context.index(master, 'master'),
        linkinfo: kind === undefined ? undefined : { info_kind: kind },
      },
    );
    return {
      request: request('GETLINK', 0, body, linkBody, { kind, master }),
      decode(bytes, start, end) {
        const link = decode(bytes, start, end);
        // The kernel takes no kind for a filter before it has one of this name.
        const isOther = kind !== undefined && link?.linkinfo?.info_kind !== kind;
        return link && isOther ? null : link;
      },
    };
  }

  /** Lists all links, or those of a kind or a master: `ip -d -s -j link`. */
  list(filter: LinkFilter = {}): Link[] {
    return this.#context.list(this.#table(filter));
  }

  /** The same as an asynchronous iterator, which lets the event loop go on in between. */
  dump(filter: LinkFilter = {}): AsyncGenerator<Link, void, undefined> {
    return this.#context.each(this.#table(filter));
  }

  /**
   * Returns one link: `ip -d -s -j link show dev NAME`.
   *
   * @throws {NetlinkError} ENODEV
   */
  get(device: Device): Link {
    const dev = parseDevice(device, 'device');
    const body =
      typeof dev === 'number'
        ? linkBody.encode({ index: dev }, {})
        : linkBody.encode({}, byName(dev));
    return this.#context.one({
      request: request('GETLINK', 0, body, linkBody, { dev }),
      decode,
    });
  }

  /**
   * Makes a link: `ip link add NAME type KIND ...`. A pair's other end can be made in another
   * namespace at once.
   *
   * Needs CAP_NET_ADMIN in this and in the other namespace.
   *
   * @throws {NetlinkError} EEXIST if the name is taken, EOPNOTSUPP for a kind that the kernel lacks
   * @example rtnetlink.links.add({ kind: 'veth', name: 'a0', peer: { name: 'b0', namespace: other } });
   */
  add(options: NewLink): void {
    this.#make(creation.add, options);
  }

  /**
   * Makes a link, or changes the one that has this name: `ip link add`, else `ip link set`.
   *
   * Needs CAP_NET_ADMIN.
   *
   * @throws {NetlinkError} EOPNOTSUPP for a kind that the kernel lacks, or that cannot be changed so
   */
  replace(options: NewLink): void {
    // Not NLM_F_REPLACE, which links do not have: without NLM_F_EXCL, what is there is changed.
    this.#make(NLM_F.CREATE, options);
  }

  #make(flags: number, options: NewLink): void {
    withLinkMessage(this.#context, parseNewLink(options, 'link'), (header, values) => {
      const body = linkBody.encode(header, values);
      this.#context.send('NEWLINK', flags, body, linkBody, options);
    });
  }

  /**
   * Changes a link: `ip link set NAME ...`. With `namespace` it moves there; with `kind`, settings of
   * the kind can be among the changes.
   *
   * @throws {NetlinkError} ENODEV, EBUSY for what can be changed only while it is down
   * @example rtnetlink.links.change('eth0', { up: true, mtu: 1400 });
   */
  change(device: Device, changes: LinkChange): void {
    const options = parseLinkChange(changes, 'link');
    const index = this.#index(device);
    withLinkMessage(this.#context, options, (header, values) => {
      const body = linkBody.encode({ ...header, index }, values);
      this.#context.send('NEWLINK', 0, body, linkBody, { dev: device, ...changes });
    });
  }

  /** Changes the settings of a bridge's port: `ip link set NAME type bridge_slave ...`. */
  changePort(device: Device, settings: InfoData): void {
    const info_slave_data = parsePort(settings, 'port');
    const index = this.#index(device);
    const linkinfo = { info_slave_kind: 'bridge', info_slave_data };
    const body = linkBody.encode({ index }, { linkinfo });
    this.#context.send('NEWLINK', 0, body, linkBody, { dev: device, ...settings });
  }

  /**
   * Makes packets that leave by a link slower, later or less reliable; null ends that. A rate alone
   * uses tbf, everything else netem (CONFIG_NET_SCH_NETEM).
   *
   * @throws {NetlinkError} ENOENT if the kernel lacks netem
   * @throws {TypeError | RangeError} for a wrong quantity
   * @see tc-netem(8), tc-tbf(8)
   * @example rtnetlink.links.shape('eth0', { delay: '50ms', loss: 0.1, rate: '10mbit' });
   */
  shape(device: Device, wanted: Shape | null): void {
    const parsed = wanted === null ? null : parseShape(wanted, 'shape');
    shape(new Qdiscs(this.#context), parseDevice(device, 'device'), parsed);
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
    this.change(device, { namespace: inNet(namespace, 'namespace') });
  }

  /** Removes a link, and the other end of a pair with it: `ip link delete NAME`. */
  remove(device: Device): void {
    const body = linkBody.encode({ index: this.#index(device) }, {});
    this.#context.send('DELLINK', 0, body, linkBody, { dev: device });
  }

  #property(type: 'NEWLINKPROP' | 'DELLINKPROP', device: Device, names: string[]): void {
    const altnames = parseNames(names, 'names');
    const index = this.#index(device);
    const body = linkBody.encode({ index }, { propList: { altnames } });
    const flags = type === 'NEWLINKPROP' ? NLM_F.CREATE | NLM_F.EXCL | NLM_F.APPEND : 0;
    this.#context.send(type, flags, body, linkBody, { dev: device, altnames });
  }

  /** Gives a link more names, of up to 127 bytes: `ip link property add`. Linux 5.5. */
  addNames(device: Device, ...names: string[]): void {
    this.#property('NEWLINKPROP', device, names);
  }

  /** Removes alternative names: `ip link property del`. */
  removeNames(device: Device, ...names: string[]): void {
    this.#property('DELLINKPROP', device, names);
  }
}
