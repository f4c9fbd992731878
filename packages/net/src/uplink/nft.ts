// The firewall's tables of uplinks, by nft(8) and its JSON: a table of our own for each bridge and
// named as it, so that nothing of anybody else's is touched. Each change is one transaction.
import { isSystemError, runSync } from '@ns/core';

const FAMILY = 'ip';
const tableOf = (bridge: string) => ({ family: FAMILY, name: bridge });
const placeOf = (bridge: string) => ({ family: FAMILY, table: bridge });

/** A port of the host that leads inside. */
export interface PortForward {
  /** Default: tcp. */
  protocol?: 'tcp' | 'udp';
  /** Port of the host. */
  host: number;
  /** Port inside. Default: the same. */
  inside?: number;
}

/** One transaction of nft(8). */
function transact(commands: readonly object[]): void {
  nft(['-f', '-'], JSON.stringify({ nftables: commands }));
}

/** Runs nft(8) where the calling thread is; its input is a pipe, as it wants a file. */
function nft(args: readonly string[], input = ''): string {
  try {
    return runSync('nft', ['-j', ...args], { input }).stdout;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw Object.assign(new Error('nft is not there: install nftables', { cause: error }), {
      code: 'ENOENT',
    });
  }
}

const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });

function rule(bridge: string, chain: string, expr: readonly object[], comment?: string) {
  return { add: { rule: { ...placeOf(bridge), chain, expr, ...(comment && { comment }) } } };
}

/** Makes the table, if it is not there, with masquerading for what comes from behind the bridge. */
export function addMasquerade(bridge: string, network: string, prefixlen: number): void {
  const chain = (name: string, hook: string, prio: number) => ({
    add: { chain: { ...placeOf(bridge), name, type: 'nat', hook, prio, policy: 'accept' } },
  });
  transact([
    { add: { table: tableOf(bridge) } },
    chain('postrouting', 'postrouting', 100),
    chain('prerouting', 'prerouting', -100),
    { flush: { chain: { ...placeOf(bridge), name: 'postrouting' } } },
    rule(bridge, 'postrouting', [
      match(
        { payload: { protocol: 'ip', field: 'saddr' } },
        { prefix: { addr: network, len: prefixlen } },
      ),
      match({ meta: { key: 'oifname' } }, bridge, '!='),
      { masquerade: null },
    ]),
  ]);
}

/** Leads ports to an address behind the bridge. `owner` marks the rules. */
export function addForwards(
  bridge: string,
  address: string,
  forwards: readonly PortForward[],
  owner: string,
): void {
  if (forwards.length === 0) return;
  transact(
    forwards.map(({ protocol = 'tcp', host, inside = host }) =>
      rule(
        bridge,
        'prerouting',
        [
          match({ meta: { key: 'iifname' } }, bridge, '!='),
          match({ payload: { protocol, field: 'dport' } }, host),
          { dnat: { addr: address, port: inside } },
        ],
        owner,
      ),
    ),
  );
}

interface Listed {
  nftables: { rule?: { handle: number; comment?: string } }[];
}

/** Removes the forwards of owners that are gone: of this one, and those that a crash has left. */
export function removeForwards(bridge: string, isGone: (owner: string) => boolean): void {
  const listed = JSON.parse(nft(['list', 'chain', FAMILY, bridge, 'prerouting'])) as Listed;
  const gone = listed.nftables.flatMap(({ rule: one }) =>
    one?.comment !== undefined && isGone(one.comment) ? [one.handle] : [],
  );
  if (gone.length === 0) return;
  transact(
    gone.map((handle) => ({
      delete: { rule: { ...placeOf(bridge), chain: 'prerouting', handle } },
    })),
  );
}

/** Removes the table. */
export function removeTable(bridge: string): void {
  transact([{ add: { table: tableOf(bridge) } }, { delete: { table: tableOf(bridge) } }]);
}
