// What can be asked of a link, and how it is written as attributes.
import { assertObject, ownOptions } from '@ns/core/authors';
import type { ValuesOf } from '../netlink/attributes.js';
import { type NetTarget, withNet } from '../open-net.js';
import { checked } from '../options.js';
import { type KindTables, type linkAttributes, settingsOf } from './link-table.js';
import type { Context, Device } from './request-context.js';

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

const IFF = { UP: 1, NOARP: 0x80, PROMISC: 0x100, ALLMULTI: 0x200 };

type Values = ValuesOf<typeof linkAttributes.entries>;

/** The bits of ifi_flags that are to be set or cleared. */
function flagsOf({ up, arp, promisc, allmulticast }: LinkSettings): {
  flags: number;
  change: number;
} {
  let [flags, change] = [0, 0];
  const set = (value: boolean | undefined, bit: number, name: string) => {
    if (value === undefined) return;
    if (typeof value !== 'boolean')
      throw new TypeError(`${name} must be a boolean: ${String(value)}`);
    change |= bit;
    if (value) flags |= bit;
  };
  set(up, IFF.UP, 'up');
  set(arp === undefined ? undefined : !arp, IFF.NOARP, 'arp');
  set(promisc, IFF.PROMISC, 'promisc');
  set(allmulticast, IFF.ALLMULTI, 'allmulticast');
  return { flags, change };
}

function assertLinkName(name: string | undefined, argument: string): void {
  if (name === undefined) return;
  if (
    typeof name !== 'string' ||
    name === '' ||
    /[\s/:\0]/.test(name) ||
    name === '.' ||
    name === '..'
  ) {
    throw new TypeError(`${argument} must be the name of an interface: ${JSON.stringify(name)}`);
  }
}

/** Common settings as attributes. */
function common(context: Context, settings: LinkSettings, netnsFd: number | undefined): Values {
  const { name, mtu, address, broadcast, txqlen, alias, group, master } = settings;
  assertLinkName(name, 'name');
  return {
    ifname: name,
    mtu,
    address,
    broadcast,
    txqlen,
    ifalias: alias,
    group,
    master:
      master === null ? 0 : master === undefined ? undefined : context.index(master, 'master'),
    netnsFd,
  };
}

/** Opens the namespaces for as long as the request needs their descriptors. */
function withFd<Result>(
  target: NetTarget | undefined,
  use: (fd: number | undefined) => Result,
): Result {
  return target === undefined ? use(undefined) : withNet(target, ({ fd }) => use(fd));
}

const settings = [
  ...['name', 'up', 'mtu', 'address', 'broadcast', 'txqlen', 'alias', 'group', 'master'],
  ...['promisc', 'allmulticast', 'arp', 'namespace', 'kind'],
];
const peerSettings = ['name', 'mtu', 'address', 'txqlen', 'group', 'namespace'];
const onLower: ReadonlySet<unknown> = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap']);

/** The names that options of a link of a kind can have. */
function namesOf(kind: string | undefined): string[] {
  const ofKind = kind === undefined ? [] : (settingsOf(kind) ?? []);
  return [...settings, ...(onLower.has(kind) ? ['link'] : []), ...ofKind];
}

/**
 * Returns the options of a link without a prototype, if all of them are known.
 *
 * @param more names that are the caller's to look at
 * @throws {TypeError} that names the option
 */
export function checkedLink<Options extends NewLink | LinkChange>(
  options: Options,
  name = 'link',
  more: readonly string[] = [],
): Options {
  assertObject(options, name);
  const { kind, peer } = ownOptions<{ kind?: unknown; peer?: unknown }>(options);
  if (kind !== undefined && typeof kind !== 'string') {
    throw new TypeError(`kind must be a string: ${String(kind)}`);
  }
  if (kind === undefined) {
    const others = Object.keys(options).filter((key) => ![...settings, ...more].includes(key));
    if (others.length > 0) {
      throw new TypeError(
        `${name} has no option ${others.join(', ')}; a setting of its kind needs \`kind\` beside it`,
      );
    }
  }
  const link = checked(options, [...namesOf(kind), ...more], name);
  if (peer === undefined) return link;
  return Object.assign(link, { peer: checked(peer as object, peerSettings, `${name}.peer`) });
}

const NO_HEADER = { flags: 0, change: 0 };

/** Writes the options of a link as a header and attributes, and gives them to `use`. */
export function withLinkMessage<Result>(
  context: Context,
  given: NewLink | LinkChange,
  use: (header: { flags: number; change: number }, values: Values) => Result,
): Result {
  const options = checkedLink(given);
  const { kind, link, peer } = options as { kind?: string; link?: Device; peer?: PeerSettings };
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (settings.includes(name) || name === 'link' || name === 'peer') continue;
    if (value === undefined) continue;
    data[name] = name === 'dev' ? context.index(value as Device) : value;
  }
  return withFd(options.namespace, (fd) =>
    withFd(peer?.namespace, (peerFd) => {
      if (peer !== undefined) {
        data.peer = common(context, peer, peerFd);
      }
      const values: Values = {
        ...common(context, options, fd),
        link: link === undefined ? undefined : context.index(link, 'link'),
        linkinfo:
          kind === undefined
            ? undefined
            : {
                info_kind: kind,
                info_data: Object.keys(data).length > 0 ? data : undefined,
              },
      };
      return use({ ...NO_HEADER, ...flagsOf(options) }, values);
    }),
  );
}
