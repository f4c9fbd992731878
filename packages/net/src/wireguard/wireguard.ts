// WireGuard interfaces: keys and peers, by generic netlink. The link itself is made as any other.
import { GenericFamily, NETLINK_GENERIC } from '../netlink/generic.js';
import type { NetlinkSocket } from '../netlink/socket.js';
import { type Device, device as parseDevice } from '../rtnetlink/device.js';
import type { Context } from '../rtnetlink/request-context.js';
import { changeMessages, parseChange, type WireguardChange } from './change.js';
import { joinPieces, type WireguardDevice } from './device.js';
import { wireguardBody } from './table.js';

const GET_DEVICE = 0;
const SET_DEVICE = 1;

/** The WireGuard interfaces of a namespace: `wg`. The kernel needs CONFIG_WIREGUARD (Linux 5.6). */
export class Wireguard {
  readonly #context: Context;
  #opened:
    | { socket: NetlinkSocket; family: GenericFamily<typeof wireguardBody.attributes.entries> }
    | undefined;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  #family(): GenericFamily<typeof wireguardBody.attributes.entries> {
    if (this.#opened) return this.#opened.family;
    const socket = this.#context.another(NETLINK_GENERIC);
    try {
      const family = new GenericFamily(socket, 'wireguard', 1, wireguardBody);
      this.#opened = { socket, family };
      return family;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /**
   * Keys and peers of an interface: `wg show NAME dump`.
   *
   * Needs CAP_NET_ADMIN in the user namespace that owns the network namespace.
   *
   * @throws {NetlinkError} ENODEV, EOPNOTSUPP for one of another kind, ENOENT if the kernel lacks it
   */
  get(device: Device): WireguardDevice {
    const ifindex = this.#context.index(parseDevice(device, 'device'));
    const pieces = this.#family().dump(GET_DEVICE, 'WG_CMD_GET_DEVICE', { ifindex }, { device });
    return joinPieces(pieces);
  }

  /**
   * Changes keys and peers of an interface: `wg set NAME ...`, or with `replacePeers`, `wg syncconf`.
   *
   * Needs CAP_NET_ADMIN in the user namespace that owns the network namespace.
   *
   * @throws {TypeError} for a key, an endpoint or a prefix that is none
   * @throws {NetlinkError} as {@link get}
   * @example
   * rtnetlink.links.add({ kind: 'wireguard', name: 'wg0' });
   * rtnetlink.wireguard.change('wg0', { privateKey, listenPort: 51820,
   *   peers: [{ publicKey, endpoint: '192.0.2.1:51820', allowedIps: ['10.9.0.2/32'] }] });
   */
  change(device: Device, given: WireguardChange): void {
    const dev = parseDevice(device, 'device');
    const change = parseChange(given, 'change');
    const ifindex = this.#context.index(dev);
    const family = this.#family();
    for (const values of changeMessages(ifindex, change)) {
      family.send(SET_DEVICE, 'WG_CMD_SET_DEVICE', values, { dev, ...change });
    }
  }

  /** @internal */
  close(): void {
    this.#opened?.socket.close();
    this.#opened = undefined;
  }
}
