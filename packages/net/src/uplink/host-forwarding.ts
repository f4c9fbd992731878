// IPv4 forwarding on the host, which is shared by all uplinks and with other programs.
//
// A host that is a router (net.ipv4.ip_forward) is left as it is. Else only the interfaces that are
// there are opened, by their own settings: to write ip_forward would change those of all, and lose
// what they were. A table of nftables notes what was opened, and for which bridges, so that a crash
// loses nothing. It also keeps closed what was: between two interfaces that were opened nothing is
// forwarded, so no neighbour can use the host as a router (SECURITY.md S10).
import type { Namespace } from '@ns/core';
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { readSysctl, writeSysctl } from '../sysctl.js';
import { ACCEPT, by, listTable, match, REJECT, transact } from './nft.js';

const FAMILY = 'ip';
const TABLE = 'ns-forwarding';
const BRIDGES = 'bridges';
const OPENED = 'opened';
const place = { family: FAMILY, table: TABLE };

/** With slashes, because names of interfaces can have dots. */
const settingOf = (ifname: string) => `net/ipv4/conf/${ifname}/forwarding`;

function read(host: Namespace, ifname: string): string | undefined {
  try {
    return readSysctl(settingOf(ifname), { in: host });
  } catch (error) {
    // An interface that has gone, or has no IPv4.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function write(host: Namespace, ifname: string, value: 0 | 1): void {
  try {
    writeSysctl(settingOf(ifname), value, { in: host });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

const isRouter = (host: Namespace) => read(host, 'all') === '1';

/** The interfaces that were opened, and the bridges that it was for; undefined without the table. */
function noted(host: Namespace): { bridges: string[]; opened: string[] } | undefined {
  const listed = host.enter(() => listTable(FAMILY, TABLE));
  const members = (name: string) => [
    ...(listed?.find(({ set }) => set?.name === name)?.set?.elem ?? []),
  ];
  return listed && { bridges: members(BRIDGES), opened: members(OPENED) };
}

const element = (name: string, elem: readonly string[]) => ({ element: { ...place, name, elem } });

function note(bridge: string, opened: readonly string[]): void {
  const set = (name: string) => ({ add: { set: { ...place, name, type: 'ifname' } } });
  const chain = { ...place, name: 'forward' };
  const rule = (...expr: object[]) => ({ add: { rule: { ...place, chain: 'forward', expr } } });
  transact([
    { add: { table: { family: FAMILY, name: TABLE } } },
    set(BRIDGES),
    set(OPENED),
    { add: { chain: { ...chain, type: 'filter', hook: 'forward', prio: 0, policy: 'accept' } } },
    { flush: { chain } },
    rule(match(by.iifname, `@${BRIDGES}`), ACCEPT),
    rule(match(by.oifname, `@${BRIDGES}`), ACCEPT),
    rule(match(by.iifname, `@${OPENED}`), match(by.oifname, `@${OPENED}`), REJECT),
    { add: element(BRIDGES, [bridge]) },
    ...(opened.length > 0 ? [{ add: element(OPENED, opened) }] : []),
  ]);
}

/** Lets the host forward for those behind a bridge. */
export function allowForwarding(rtnetlink: Rtnetlink, host: Namespace, bridge: string): void {
  if (isRouter(host)) return;
  const closed = rtnetlink.links
    .list()
    // What comes in by the port of a bridge comes in by the bridge.
    .filter(({ linkinfo }) => linkinfo?.info_slave_kind !== 'bridge')
    .map(({ ifname }) => ifname)
    .filter((ifname) => ifname !== 'lo' && read(host, ifname) === '0');
  // Noted before it is done, so that it is undone also after a crash in between.
  host.enter(() => note(bridge, closed));
  for (const ifname of closed) write(host, ifname, 1);
}

/** Takes that back with the last bridge. If the host has become a router meanwhile, it stays one. */
export function endForwarding(rtnetlink: Rtnetlink, host: Namespace, bridge: string): void {
  const notes = noted(host);
  if (notes === undefined) return;
  const there = new Set(rtnetlink.links.list().map(({ ifname }) => ifname));
  const gone = notes.bridges.filter((one) => one === bridge || !there.has(one));
  if (gone.length < notes.bridges.length) {
    if (gone.length > 0) host.enter(() => transact([{ delete: element(BRIDGES, gone) }]));
    return;
  }
  if (!isRouter(host)) for (const ifname of notes.opened) write(host, ifname, 0);
  host.enter(() => transact([{ delete: { table: { family: FAMILY, name: TABLE } } }]));
}
