// VLANs of a bridge's ports: `bridge vlan`. The bridge counts them with `vlan_filtering`.
import { type Members, parse } from '@ns/core/authors';
import { families } from '../netlink/addresses.js';
import { attributes } from '../netlink/attributes.js';
import { text, u16, u32 } from '../netlink/codec.js';
import { Body } from '../netlink/message.js';
import { struct } from '../netlink/struct.js';
import { type Device, device } from './device.js';
import { linkHeader } from './link-table.js';
import { type Context, request } from './request-context.js';

/** RTEXT_FILTER_BRVLAN_COMPRESSED: consecutive VLANs are reported as a range. */
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

/** A VLAN of a port, or a range of them. */
export interface BridgeVlanPlace {
  /** The port. */
  dev: Device;
  /** From 1 to 4094. */
  vlan: number;
  /** The last one of a range. */
  vlanEnd?: number | undefined;
  /** True if `dev` is the bridge itself. Default: false. */
  self?: boolean | undefined;
}

/** A VLAN for a port. */
export interface NewBridgeVlan extends BridgeVlanPlace {
  /** Frames that come in without a tag belong to this VLAN. Default: false. */
  pvid?: boolean | undefined;
  /** Frames go out to the port without a tag. Default: false. */
  untagged?: boolean | undefined;
}

/** Limits the VLANs that are listed. */
export interface BridgeVlanFilter {
  /** Only those of this port. */
  dev?: Device | undefined;
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

/** The parser of the number of a VLAN. */
const vlanNumber = parse.integer(1, 4094);

const placeMembers = {
  dev: parse.required(device),
  vlan: parse.required(vlanNumber),
  vlanEnd: vlanNumber,
  self: parse.withDefault(parse.boolean, false),
} satisfies Members<BridgeVlanPlace>;

const parsePlace = parse.options(placeMembers);

const parseNew = parse.options({
  ...placeMembers,
  pvid: parse.boolean,
  untagged: parse.boolean,
} satisfies Members<NewBridgeVlan>);

const parseFilter = parse.options({ dev: device } satisfies Members<BridgeVlanFilter>);

type VlanOptions = ReturnType<typeof parsePlace> & Partial<ReturnType<typeof parseNew>>;

function toRaw({ vlan, vlanEnd, pvid, untagged }: VlanOptions): RawVlan[] {
  const flags = (pvid ? FLAG.PVID : 0) | (untagged ? FLAG.UNTAGGED : 0);
  if (vlanEnd === undefined || vlanEnd === vlan) return [{ flags, vid: vlan }];
  if (vlanEnd < vlan) parse.outOfRange('vlan.vlanEnd', `at least vlan (${vlan})`, vlanEnd);
  if (pvid) parse.refuse('vlan.pvid', 'false for a range: a port has one PVID', pvid);
  return [
    { flags: flags | FLAG.RANGE_BEGIN, vid: vlan },
    { flags: flags | FLAG.RANGE_END, vid: vlanEnd },
  ];
}

/** VLANs of the ports of bridges. */
export class Vlans {
  readonly #context: Context;

  /** @internal */
  constructor(context: Context) {
    this.#context = context;
  }

  /** Lists the VLANs of all ports, or of one: `bridge -j -compressvlans vlan`. */
  list(filter: BridgeVlanFilter = {}): PortVlans[] {
    const { dev } = parseFilter(filter, 'filter');
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

  #send(type: 'SETLINK' | 'DELLINK', options: VlanOptions): void {
    const vlans = toRaw(options);
    const afSpec = { flags: options.self ? SELF : undefined, vlans };
    const index = this.#context.index(options.dev);
    const body = bridgeLinkBody.encode({ family: families.bridge, index }, { afSpec });
    this.#context.send(type, 0, body, bridgeLinkBody, options);
  }

  /**
   * Lets a port take part in a VLAN: `bridge vlan add dev PORT vid N`.
   *
   * @throws {RangeError} for a number outside of 1 to 4094
   * @throws {NetlinkError} EOPNOTSUPP if the interface is not a port of a bridge
   * @example rtnetlink.vlans.add({ dev: 'port1', vlan: 10, pvid: true, untagged: true });
   */
  add(options: NewBridgeVlan): void {
    this.#send('SETLINK', parseNew(options, 'vlan'));
  }

  /** Takes a port out of a VLAN: `bridge vlan del dev PORT vid N`. */
  remove(options: BridgeVlanPlace): void {
    this.#send('DELLINK', parsePlace(options, 'vlan'));
  }
}
