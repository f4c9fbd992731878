// Options of a link: their parser by the kind of the link, and the message that they make.
import { type Members, type Parsed, type Parser, parse } from '@ns/core/authors';
import { inNet, type NetTarget } from '../in-net.js';
import { lladdr } from '../netlink/addresses.js';
import type { Entries, ValuesOf } from '../netlink/attributes.js';
import { encodable, text, u32 } from '../netlink/codec.js';
import { withNet } from '../open-net.js';
import { type Device, device, linkName, nullable } from './device.js';
import { isSetting, type KindTables, type linkAttributes, settingsOf } from './link-table.js';
import type { Context } from './request-context.js';

/** Settings that all kinds of links have. */
export interface LinkSettings {
  /** Name, at most 15 bytes. Default when adding: the kernel chooses one (`veth0`). */
  name?: string | undefined;
  /** Bring it up or down. Default when adding: down. */
  up?: boolean | undefined;
  /** Greatest packet in bytes. */
  mtu?: number | undefined;
  /** Link-layer address: `02:00:5e:10:00:01`. */
  address?: string | undefined;
  /** Link-layer broadcast address. */
  broadcast?: string | undefined;
  /** Length of the transmit queue in packets. */
  txqlen?: number | undefined;
  /** A description of up to 255 bytes. Empty: none. */
  alias?: string | undefined;
  /** Number of a group of links. */
  group?: number | undefined;
  /** The bridge, bond or vrf that it becomes a port of; null: none any more. */
  master?: Device | null | undefined;
  /** Receive packets for every address, not only its own. */
  promisc?: boolean | undefined;
  /** Receive all multicast packets. */
  allmulticast?: boolean | undefined;
  /** Answer ARP on it. */
  arp?: boolean | undefined;
  /** The namespace that it is made in, or moved to. */
  namespace?: NetTarget | undefined;
}

/** The other end of a pair. */
export type PeerSettings = Pick<
  LinkSettings,
  'name' | 'mtu' | 'address' | 'txqlen' | 'group' | 'namespace'
>;

type InputOf<K extends keyof KindTables> = Omit<
  ValuesOf<KindTables[K]['entries']>,
  'peer' | 'dev' | 'unknown' | 'malformed'
>;

interface Pair {
  /** The other end. */
  peer?: PeerSettings | undefined;
}

interface Lower {
  /** The interface that it sits on. */
  link: Device;
}

interface TunnelDevice {
  /** The interface that the tunnel uses. */
  dev?: Device | undefined;
}

type Extras<K> = K extends 'veth' | 'netkit'
  ? Pair
  : K extends 'vlan' | 'macvlan' | 'macvtap' | 'ipvlan' | 'ipvtap'
    ? Lower
    : K extends 'vxlan' | 'gre' | 'gretap' | 'ip6gre' | 'ip6gretap' | 'ipip' | 'sit' | 'ip6tnl'
      ? TunnelDevice
      : unknown;

/**
 * A link to be added: its kind, the settings of all links and those of its kind, by their names in
 * `ip -d -j link`.
 */
export type NewLink = {
  [K in keyof KindTables]: { kind: K } & LinkSettings & InputOf<K> & Extras<K>;
}[keyof KindTables];

/** Changes of a link: settings of all links, and those of its kind beside `kind`. */
export type LinkChange = LinkSettings & {
  /** The kind that the link is of, if settings of the kind are changed. */
  kind?: keyof KindTables | undefined;
  [setting: string]: unknown;
};

const uint = encodable(u32);
const linkAddress = encodable(lladdr);

const peerMembers = {
  name: linkName,
  mtu: uint,
  address: linkAddress,
  txqlen: uint,
  group: uint,
  namespace: inNet,
} satisfies Members<PeerSettings>;

const commonMembers = {
  ...peerMembers,
  up: parse.boolean,
  broadcast: linkAddress,
  alias: encodable(text(255)),
  master: nullable(device),
  promisc: parse.boolean,
  allmulticast: parse.boolean,
  arp: parse.boolean,
} satisfies Members<LinkSettings>;

type CommonSettings = Parsed<typeof commonMembers>;
type PeerOptions = Parsed<typeof peerMembers>;

const special = {
  peer: parse.options(peerMembers),
  dev: device,
  link: parse.required(device),
};
const onLower: ReadonlySet<string> = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap']);
const parseKind = parse.required(parse.text);

/** Returns the parsers of the settings that a kind has. */
function membersOfKind(kind: string, entries: Entries, isNew: boolean) {
  const members: Record<string, Parser<unknown>> = {};
  for (const [name, [, codec, many]] of Object.entries(entries)) {
    members[name] = many ? parse.list(encodable(codec)) : encodable(codec);
  }
  if ('peer' in members) members.peer = special.peer;
  if ('dev' in members) members.dev = special.dev;
  if (onLower.has(kind)) members.link = isNew ? special.link : device;
  return members;
}

/** Options of a link in their normal form. */
export type LinkOptions = CommonSettings & {
  readonly kind: string | undefined;
  readonly link?: Device | undefined;
  readonly peer?: PeerOptions | undefined;
  readonly [setting: string]: unknown;
};

/**
 * Returns the parser of a link, whose known members depend on its kind.
 *
 * @param extra members that the caller takes beside those of the link
 * @param isNew demands all that it takes to make one, its kind first
 */
export function linkParser<const Extra extends Readonly<Record<string, Parser<unknown>>>>(
  extra: Extra,
  isNew: boolean,
): (value: unknown, name: string) => LinkOptions & Parsed<Extra> {
  const parsers = new Map<string | undefined, (value: unknown, name: string) => unknown>();
  const parserOf = (kind: string | undefined) => {
    const known = parsers.get(kind);
    if (known) return known;
    const entries = kind === undefined ? undefined : settingsOf(kind);
    const made = parse.options({
      ...commonMembers,
      ...(kind !== undefined && entries ? membersOfKind(kind, entries, isNew) : {}),
      kind: parse.text,
      ...extra,
    });
    // Of kinds that are not known here there could be any number.
    if (kind === undefined || entries) parsers.set(kind, made);
    return made;
  };
  return (value, name) => {
    const given = parse.ownMembers(value, name);
    if (given.kind === undefined && !isNew) {
      for (const key of Object.keys(given)) {
        if (isSetting(key) && !(key in commonMembers) && !(key in extra)) {
          throw new TypeError(`${name}.${key} is not known: a setting of a kind needs \`kind\``);
        }
      }
    }
    const kind =
      given.kind === undefined && !isNew ? undefined : parseKind(given.kind, `${name}.kind`);
    return parserOf(kind)(given, name) as LinkOptions & Parsed<Extra>;
  };
}

/** The parser of a link to be added. */
export const parseNewLink = linkParser({}, true);
/** The parser of changes of a link. */
export const parseLinkChange = linkParser({}, false);

const IFF = { UP: 1, NOARP: 0x80, PROMISC: 0x100, ALLMULTI: 0x200 };

type Values = ValuesOf<typeof linkAttributes.entries>;

/** Returns the bits of ifi_flags to set or clear. */
function flagsOf({ up, arp, promisc, allmulticast }: CommonSettings) {
  let [flags, change] = [0, 0];
  const set = (value: boolean | undefined, bit: number) => {
    if (value === undefined) return;
    change |= bit;
    if (value) flags |= bit;
  };
  set(up, IFF.UP);
  set(arp === undefined ? undefined : !arp, IFF.NOARP);
  set(promisc, IFF.PROMISC);
  set(allmulticast, IFF.ALLMULTI);
  return { flags, change };
}

/** Returns the attributes of both ends of a pair. */
function commonAttributes(options: PeerOptions, netnsFd: number | undefined): Values {
  const { name, mtu, address, txqlen, group } = options;
  return { ifname: name, mtu, address, txqlen, group, netnsFd };
}

/** Opens the namespace for as long as the request needs its descriptor. */
function withFd<Result>(
  target: NetTarget | undefined,
  use: (fd: number | undefined) => Result,
): Result {
  return target === undefined ? use(undefined) : withNet(target, ({ fd }) => use(fd));
}

/** Returns the settings of the kind alone, with indices for names of interfaces. */
function kindData(context: Context, options: LinkOptions): Record<string, unknown> {
  const entries = settingsOf(options.kind ?? '') ?? {};
  const data: Record<string, unknown> = {};
  for (const name of Object.keys(entries)) {
    const value = options[name];
    if (value === undefined || name === 'peer') continue;
    data[name] = name === 'dev' ? context.index(value as Device) : value;
  }
  return data;
}

function masterIndex(context: Context, master: Device | null | undefined): number | undefined {
  if (master === null) return 0;
  return master === undefined ? undefined : context.index(master, 'master');
}

/** Writes the options of a link as a header and attributes, and gives them to `use`. */
export function withLinkMessage<Result>(
  context: Context,
  options: LinkOptions,
  use: (header: { flags: number; change: number }, values: Values) => Result,
): Result {
  const { kind, link, peer, broadcast, alias, master } = options;
  const data = kindData(context, options);
  return withFd(options.namespace, (fd) =>
    withFd(peer?.namespace, (peerFd) => {
      if (peer !== undefined) data.peer = commonAttributes(peer, peerFd);
      const info_data = Object.keys(data).length > 0 ? data : undefined;
      const values: Values = {
        ...commonAttributes(options, fd),
        broadcast,
        ifalias: alias,
        master: masterIndex(context, master),
        link: link === undefined ? undefined : context.index(link, 'link'),
        linkinfo: kind === undefined ? undefined : { info_kind: kind, info_data },
      };
      return use(flagsOf(options), values);
    }),
  );
}
