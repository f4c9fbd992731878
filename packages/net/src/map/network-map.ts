// The network namespaces of the machine, what is in them, and how they are joined.
import { type DiscoveredNamespace, discover, isSystemError, Namespace } from '@ns/core';
import { namesByInode } from '../named/named.js';
import type { Address } from '../rtnetlink/address-table.js';
import type { Link } from '../rtnetlink/link.js';
import type { Route } from '../rtnetlink/route-table.js';
import { Rtnetlink } from '../rtnetlink/rtnetlink.js';

/** A link in a map. */
export interface MappedLink extends Link {
  readonly addresses: readonly Address[];
  /** The other end of a pair, or the interface that it sits on; undefined if it is out of sight. */
  readonly peer?: LinkEnd;
}

/** Where a link is. */
export interface LinkEnd {
  /** Inode of the network namespace. */
  readonly namespace: number;
  readonly ifindex: number;
  readonly ifname: string;
}

/** A network namespace in a map. */
export interface MappedNamespace {
  /** Inode: the number in `net:[...]`. */
  readonly inode: number;
  /** True for the namespace of the calling thread. */
  readonly isCurrent: boolean;
  readonly isInitial: boolean;
  /** Its names, as `ip netns` knows them. */
  readonly names: readonly string[];
  /** Pids of the processes in it. */
  readonly processes: readonly number[];
  /** Command line of the first of them. */
  readonly command: string | null;
  /** Undefined if the caller may not look into it. */
  readonly links?: readonly MappedLink[];
  /** Routes of the main table. */
  readonly routes?: readonly Route[];
}

/** Kinds of which `link` is the other end, and not an interface below. */
const pairs: ReadonlySet<string> = new Set(['veth', 'netkit', 'vxcan']);

/** True if a link is one end of a pair. */
export const isPair = ({ linkinfo }: Link): boolean => pairs.has(linkinfo?.info_kind ?? '');

interface Looked {
  readonly found: DiscoveredNamespace;
  readonly inode: number;
  readonly handle: Namespace;
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  /** Inodes of the others by the ids that this one has for them. */
  readonly ids: ReadonlyMap<number, number>;
}

/** Opens a namespace, if that is for the caller to do and it has not gone meanwhile. */
function open({ path, id }: DiscoveredNamespace): Namespace | undefined {
  if (path === null) return undefined;
  try {
    const handle = Namespace.fromPath(path, 'net');
    if (handle.id.ino === id.ino) return handle;
    handle.close();
  } catch (error) {
    if (!isSystemError(error) || !['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code)) {
      throw error;
    }
  }
  return undefined;
}

function look(found: DiscoveredNamespace, handle: Namespace, all: readonly Namespace[]) {
  let rtnetlink: Rtnetlink;
  try {
    rtnetlink = Rtnetlink.open({ in: handle });
  } catch (error) {
    if (isSystemError(error, 'EPERM') || isSystemError(error, 'EACCES')) return undefined;
    throw error;
  }
  try {
    const links = rtnetlink.links.list();
    const ids = new Map<number, number>();
    if (links.some(({ link_netnsid }) => link_netnsid !== undefined)) {
      for (const other of all) {
        const id = rtnetlink.namespaceIds.get(other);
        if (id !== undefined) ids.set(id, Number(other.id.ino));
      }
    }
    const addresses = rtnetlink.addresses.list();
    const routes = rtnetlink.routes.list({ table: 'main' });
    return { found, inode: Number(found.id.ino), handle, links, addresses, routes, ids };
  } finally {
    rtnetlink.close();
  }
}

function peerOf(link: Link, from: Looked, all: ReadonlyMap<number, Looked>): LinkEnd | undefined {
  if (link.link === undefined || link.link === 0) return undefined;
  const { link_netnsid: id } = link;
  const namespace = id === undefined ? from.inode : from.ids.get(id);
  const other = namespace === undefined ? undefined : all.get(namespace);
  const end = other?.links.find(({ ifindex }) => ifindex === link.link);
  if (namespace === undefined || end === undefined) return undefined;
  return { namespace, ifindex: end.ifindex, ifname: end.ifname };
}

function mapped(
  found: DiscoveredNamespace,
  names: readonly string[],
  current: number,
  looked: Looked | undefined,
  all: ReadonlyMap<number, Looked>,
): MappedNamespace {
  const { id, isInitial, processes, command } = found;
  const inode = Number(id.ino);
  const base = { inode, isCurrent: inode === current, isInitial, names, processes, command };
  if (looked === undefined) return base;
  const links = looked.links.map((link): MappedLink => {
    const peer = peerOf(link, looked, all);
    const addresses = looked.addresses.filter(({ ifindex }) => ifindex === link.ifindex);
    return { ...link, addresses, ...(peer && { peer }) };
  });
  return { ...base, links, routes: looked.routes };
}

/**
 * Lists the network namespaces of the machine, with their links, addresses and routes, and for each
 * link the other end of its pair or the interface below.
 *
 * Namespaces that the caller may not enter have no links. With CAP_SYS_ADMIN and CAP_SYS_PTRACE, all
 * have them.
 *
 * @see ip-netns(8), lsns(8)
 * @example
 * for (const { names, links = [] } of listNetworks())
 *   for (const { ifname, peer } of links) if (peer) console.log(names, ifname, '->', peer);
 */
export function listNetworks(): MappedNamespace[] {
  const found = [...discover({ types: 'net', sockets: false })];
  const opened = found.flatMap((one) => {
    const handle = open(one);
    return handle ? [{ one, handle }] : [];
  });
  try {
    const handles = opened.map(({ handle }) => handle);
    const looked = opened.flatMap(({ one, handle }) => look(one, handle, handles) ?? []);
    const all = new Map(looked.map((one) => [one.inode, one]));
    const names = namesByInode();
    using own = Namespace.current('net');
    return found.map((one) => {
      const inode = Number(one.id.ino);
      return mapped(one, names.get(inode) ?? [], Number(own.id.ino), all.get(inode), all);
    });
  } finally {
    for (const { handle } of opened) handle.close();
  }
}
