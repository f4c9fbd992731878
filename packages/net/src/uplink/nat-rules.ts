// The rules of an uplink with address translation: two tables for each bridge, named as it, so that
// the rules of other programs are not touched.
//
// One table is of the family inet: it translates, and says what may be reached. The other is of the
// family netdev: it says who may speak. A namespace behind the bridge belongs to a stranger, who is
// root in there and sets what addresses it likes; its packets are taken only with the link-layer and
// IPv4 address that it was given. So the rest can go by addresses, others behind the bridge keep
// theirs, and no IPv6 arrives: neither at services of the host by link-local addresses, nor as a
// router advertisement, which would give the host routes and name servers of the stranger's.

import { dotted, type NatNetwork } from './nat-network.js';
import { ACCEPT, by, listTable, match, REJECT, transact } from './nft.js';
import type { Forward } from './port-forward.js';

const LOOPBACK = { prefix: { addr: '127.0.0.0', len: 8 } };
/** Where clouds have their metadata, and with it keys of the machine's. */
const LINK_LOCAL = { prefix: { addr: '169.254.0.0', len: 16 } };
const DNS = 53;
/** Set of the addresses that may reach the host itself. */
const TRUSTED = 'trusted';

/** A namespace behind the bridge, as rules need to know it. */
export interface Port {
  /** Name of its interface on the bridge. */
  readonly dev: string;
  /** Its link-layer address inside. */
  readonly mac: string;
  readonly address: string;
  readonly forward: readonly Forward[];
  readonly hostAccess: boolean;
}

const tableOf = (bridge: string, family: 'inet' | 'netdev' = 'inet') => ({ family, name: bridge });
const placeOf = (bridge: string, family: 'inet' | 'netdev' = 'inet') => ({ family, table: bridge });

const saddr = by.field('ip', 'saddr');
const daddr = by.field('ip', 'daddr');
const isDns = [
  match(by.l4proto, { set: ['tcp', 'udp'] }),
  match(by.field('th', 'dport'), DNS),
] as const;
const isAnswer = match(by.ctState, { set: ['established', 'related'] }, 'in');
const isForwarded = match(by.ctStatus, 'dnat', 'in');

/** The chains and the rules that are the same for all behind a bridge. */
function base({ bridge, base: first, prefixlen }: NatNetwork): object[] {
  const network = { prefix: { addr: dotted(first), len: prefixlen } };
  const fromInside = [match(by.iifname, bridge), match(saddr, network)];
  const toInside = [
    match(by.iifname, bridge, '!='),
    match(by.oifname, bridge),
    match(daddr, network),
  ];
  const isTrusted = match(saddr, `@${TRUSTED}`);
  const chain = (name: string, type: 'nat' | 'filter', prio: number) => ({
    add: { chain: { ...placeOf(bridge), name, type, hook: name, prio, policy: 'accept' } },
  });
  const flush = (name: string) => ({ flush: { chain: { ...placeOf(bridge), name } } });
  const rule = (name: string, ...expr: object[]) => ({
    add: { rule: { ...placeOf(bridge), chain: name, expr } },
  });
  return [
    { add: { table: tableOf(bridge) } },
    { add: { set: { ...placeOf(bridge), name: TRUSTED, type: 'ipv4_addr' } } },
    chain('prerouting', 'nat', -100),
    chain('output', 'nat', -100),
    chain('postrouting', 'nat', 100),
    chain('input', 'filter', 0),
    chain('forward', 'filter', 0),
    flush('postrouting'),
    rule('postrouting', ...fromInside, match(by.oifname, bridge, '!='), { masquerade: null }),
    // From inside to a forwarded port of the host: the answers have to pass the host as well. Where the
    // kernel translates in the bridge, this chain does not know from where a packet came.
    rule('postrouting', match(saddr, network), match(by.oifname, bridge), isForwarded, {
      masquerade: null,
    }),
    flush('input'),
    rule('input', ...fromInside, isAnswer, ACCEPT),
    rule('input', ...fromInside, isTrusted, ACCEPT),
    rule('input', ...fromInside, ...isDns, ACCEPT),
    rule('input', ...fromInside, match(by.l4proto, 'icmp'), ACCEPT),
    rule('input', ...fromInside, REJECT),
    flush('forward'),
    rule('forward', ...fromInside, match(daddr, LINK_LOCAL), isTrusted, ACCEPT),
    rule('forward', ...fromInside, match(daddr, LINK_LOCAL), ...isDns, ACCEPT),
    rule('forward', ...fromInside, match(daddr, LINK_LOCAL), REJECT),
    // The host forwards now, and so it would for a neighbour that sends it packets for those inside.
    rule('forward', ...toInside, isAnswer, ACCEPT),
    rule('forward', ...toInside, isForwarded, ACCEPT),
    rule('forward', ...toInside, REJECT),
  ];
}

/** The packets that a namespace may send. */
function speaker(bridge: string, { dev, mac, address }: Port): object[] {
  const chain = { ...placeOf(bridge, 'netdev'), name: dev };
  const rule = (...expr: object[]) => ({
    add: { rule: { ...placeOf(bridge, 'netdev'), chain: dev, expr: [...expr, ACCEPT] } },
  });
  const isItself = match(by.field('ether', 'saddr'), mac);
  return [
    { add: { table: tableOf(bridge, 'netdev') } },
    { add: { chain: { ...chain, type: 'filter', hook: 'ingress', dev, prio: 0, policy: 'drop' } } },
    rule(isItself, match(saddr, address)),
    rule(isItself, match(by.field('arp', 'saddr ip'), address)),
  ];
}

/**
 * Ports that lead inside. Only packets to an address of the host itself are taken: it routes others
 * to the same port elsewhere (SECURITY.md S10). Those to loopback are not: they could leave for the
 * bridge only with route_localnet, by which those behind it reach 127.0.0.0/8 of the host.
 */
function forwards(bridge: string, { dev, address, forward }: Port): object[] {
  return ['prerouting', 'output'].flatMap((chain) =>
    forward.map(({ protocol, host, inside }) => {
      const expr = [
        match(daddr, LOOPBACK, '!='),
        match({ fib: { result: 'type', flags: ['daddr'] } }, 'local'),
        match(by.field(protocol, 'dport'), host),
        { dnat: { family: 'ip', addr: address, port: inside } },
      ];
      return { add: { rule: { ...placeOf(bridge), chain, expr, comment: dev } } };
    }),
  );
}

function trust(bridge: string, address: string, isTrusted: boolean): object[] {
  const element = { element: { ...placeOf(bridge), name: TRUSTED, elem: [address] } };
  // Added first, because what is not there cannot be deleted.
  return isTrusted ? [{ add: element }] : [{ add: element }, { delete: element }];
}

/** Returns the commands that delete the rules of ports that are gone, also after a crash. */
function withoutGone(bridge: string, isGone: (dev: string) => boolean): object[] {
  const forwarded = (listTable('inet', bridge) ?? []).flatMap(({ rule }) => {
    if (rule?.comment === undefined || !isGone(rule.comment)) return [];
    const { chain, handle } = rule;
    return [{ delete: { rule: { ...placeOf(bridge), chain, handle } } }];
  });
  // Before Linux 6.16 they go with their interface.
  const speakers = (listTable('netdev', bridge) ?? []).flatMap(({ chain }) => {
    if (chain === undefined || !isGone(chain.name)) return [];
    return [{ delete: { chain: { ...placeOf(bridge, 'netdev'), name: chain.name } } }];
  });
  return [...forwarded, ...speakers];
}

/** Throws if another namespace behind the bridge has one of the ports: only one of them would get it. */
function assertNotForwarded(bridge: string, port: Port, present: ReadonlySet<string>): void {
  const others = (listTable('inet', bridge) ?? []).flatMap(({ rule }) => {
    const isAnothers = rule?.comment !== port.dev && present.has(rule?.comment ?? '');
    return isAnothers ? JSON.stringify(rule?.expr) : [];
  });
  for (const { protocol, host } of port.forward) {
    const isPort = JSON.stringify(match(by.field(protocol, 'dport'), host));
    if (!others.some((expr) => expr.includes(isPort))) continue;
    const message = `cannot forward ${protocol} port ${host}: EADDRINUSE: another uplink of ${bridge} has it`;
    throw Object.assign(new Error(message), { code: 'EADDRINUSE' });
  }
}

/**
 * Adds the rules of a namespace, and the tables if they are not there.
 *
 * @throws an Error with code EADDRINUSE if another namespace behind the bridge has a port
 */
export function addPort(network: NatNetwork, port: Port, present: ReadonlySet<string>): void {
  const { bridge } = network;
  assertNotForwarded(bridge, port, present);
  transact([
    ...withoutGone(bridge, (dev) => dev === port.dev || !present.has(dev)),
    ...base(network),
    ...speaker(bridge, port),
    ...trust(bridge, port.address, port.hostAccess),
    ...forwards(bridge, port),
  ]);
}

/** Removes the rules of namespaces that are gone. */
export function removePorts(bridge: string, present: ReadonlySet<string>): void {
  transact(withoutGone(bridge, (dev) => !present.has(dev)));
}

/** Removes the tables. */
export function removeTables(bridge: string): void {
  transact(
    (['inet', 'netdev'] as const).flatMap((family) => [
      { add: { table: tableOf(bridge, family) } },
      { delete: { table: tableOf(bridge, family) } },
    ]),
  );
}
