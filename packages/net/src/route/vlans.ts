// VLANs of a bridge's ports: `bridge vlan`. The bridge counts them with `vlan_filtering`.
import { families } from '../netlink/addresses.js';
import { attributes } from '../netlink/attributes.js';
import { text, u16, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
import { linkHeader } from './link-table.js';
import { type Context, type Device, request } from './request-context.js';

/** RTEXT_FILTER_BRVLAN_COMPRESSED: VLANs in a row are told as a range. */
const WITH_VLANS = 4;
/** BRIDGE_FLAGS_SELF: the bridge itself, and not one of its ports. */
const SELF = 2;
const FLAG = { PVID: 0x02, UNTAGGED: 0x04, RANGE_BEGIN: 0x08, RANGE_END: 0x10 };

/** Links as bridges tell of them: IFLA_AF_SPEC has other members there. */
export const bridgeLinkBody = new Body(
  linkHeader,
  attributes({
    ifname: [3, text(15)],
    master: [10, u32],
    afSpec: [
      26,
      attributes({
        flags: [0, u16],
        mode: [1, u16],
        vlans: [2, struct({ flags: u16, vid: u16 }), 'many'],
      }),
    ],
    extMask: [29, u32],
  }),
);

/** A VLAN of a port, or a range of them. */
export interface BridgeVlan {
  readonly vlan: number;
  /** The last one of a range. */
  readonly vlanEnd?: number;
  /** `PVID`: of what comes in without a tag. `Egress Untagged`: goes out without one. */
  readonly flags: readonly ('PVID' | 'Egress Untagged')[];
}

/** VLANs of a port, in the terms of `bridge -j vlan`. */
export interface PortVlans {
  readonly ifindex: number;
  readonly ifname: string;
  readonly vlans: readonly BridgeVlan[];
}

/** A VLAN for a port. */
export interface NewBridgeVlan {
  /** The port. */
  dev: Device;
  /** From 1 to 4094. */
  vlan: number;
  /** The last one of a range. */
  vlanEnd?: number;
  /** What comes in without a tag belongs to it. Default: false. */
  pvid?: boolean;
  /** What goes out to the port has no tag. Default: false. */
  untagged?: boolean;
  /** `dev` is the bridge itself. Default: false. */
  self?: boolean;
}

interface RawVlan {
  readonly flags: number;
  readonly vid: number;
}

function toVlans(list: readonly RawVlan[]): BridgeVlan[] {
  const vlans: BridgeVlan[] = [];
  let begin: number | undefined;
  for (const { flags, vid } of list) {
    if ((flags & FLAG.RANGE_BEGIN) !== 0) {
      begin = vid;
      continue;
    }
    vlans.push({
      vlan: begin ?? vid,
      ...(begin === undefined ? {} : { vlanEnd: vid }),
      flags: [
        ...((flags & FLAG.PVID) !== 0 ? (['PVID'] as const) : []),
        ...((flags & FLAG.UNTAGGED) !== 0 ? (['Egress Untagged'] as const) : []),
      ],
    });
    begin = undefined;
  }
  return vlans;
}

function toRaw({ vlan, vlanEnd, pvid, untagged }: NewBridgeVlan): RawVlan[] {
  for (const [name, value] of Object.entries({ vlan, vlanEnd: vlanEnd ?? vlan })) {
    if (!Number.isInteger(value) || value < 1 || value > 4094) {
      throw new RangeError(`${name} must be an integer from 1 to 4094: ${value}`);
    }
  }
  const flags = (pvid ? FLAG.PVID : 0) | (untagged ? FLAG.UNTAGGED : 0);
  if (vlanEnd === undefined || vlanEnd === vlan) return [{ flags, vid: vlan }];
  if (vlanEnd < vlan) throw new RangeError(`vlanEnd must not be before vlan: ${vlanEnd}`);
  if (pvid) throw new TypeError('pvid: a port has only one, not a range');
  return [
    { flags: flags | FLAG.RANGE_BEGIN, vid: vlan },
    { flags: flags | FLAG.RANGE_END, vid: vlanEnd },
  ];
}

const placeKeys = ['dev', 'vlan', 'vlanEnd', 'self'];

/** VLANs of the ports of bridges. */
export class Vlans {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  /** VLANs of all ports, or of one: `bridge -j -compressvlans vlan`. */
  list(filter: { dev?: Device } = {}): PortVlans[] {
    const { dev } = checked(filter, ['dev'], 'filter');
    const wanted = dev === undefined ? undefined : this.#context.index(dev);
    const body = bridgeLinkBody.encode({ family: families.bridge }, { extMask: WITH_VLANS });
    return this.#context.list({
      request: request('GETLINK', 0, body, bridgeLinkBody, { dev }),
      decode(bytes, start, end) {
        const values = bridgeLinkBody.decode(bytes, start, end);
        if (values === undefined) return undefined;
        const { index, ifname = '', afSpec } = values;
        if (!afSpec?.vlans || (wanted !== undefined && index !== wanted)) return null;
        return { ifindex: index, ifname, vlans: toVlans(afSpec.vlans) };
      },
    });
  }

  #send(type: 'SETLINK' | 'DELLINK', given: NewBridgeVlan, keys: readonly string[]): void {
    const options = checked(given, keys, 'vlan');
    const vlans = toRaw(options);
    const afSpec = { flags: options.self ? SELF : undefined, vlans };
    const index = this.#context.index(options.dev);
    const body = bridgeLinkBody.encode({ family: families.bridge, index }, { afSpec });
    this.#context.send(type, 0, body, bridgeLinkBody, options);
  }

  /**
   * Lets a port take part in a VLAN: `bridge vlan add dev PORT vid N`.
   *
   * @throws {RangeError} for a number that is no VLAN's
   * @throws {NetlinkError} EOPNOTSUPP if it is no port of a bridge
   * @example route.vlan.add({ dev: 'port1', vlan: 10, pvid: true, untagged: true });
   */
  add(options: NewBridgeVlan): void {
    this.#send('SETLINK', options, [...placeKeys, 'pvid', 'untagged']);
  }

  /** Takes a port out of a VLAN: `bridge vlan del dev PORT vid N`. */
  delete(options: Pick<NewBridgeVlan, 'dev' | 'vlan' | 'vlanEnd' | 'self'>): void {
    this.#send('DELLINK', options, placeKeys);
  }
}
