// The firewall's table of uplinks, by nft(8) and its JSON: a table of our own, so that nothing of
// anybody else's is touched, and each change is one transaction of the kernel's.
import { spawnSync } from 'node:child_process';

const TABLE = { family: 'ip', name: 'ns_uplink' } as const;
const PLACE = { family: TABLE.family, table: TABLE.name } as const;

/** A port of the host that leads inside. */
export interface PortForward {
  /** Default: tcp. */
  protocol?: 'tcp' | 'udp';
  /** Port of the host. */
  host: number;
  /** Port inside. Default: the same. */
  inside?: number;
}

/** One transaction of nft(8), as an argument: it cannot read from the sockets that Node gives it. */
function transact(commands: readonly object[]): void {
  nft([JSON.stringify({ nftables: commands })]);
}

function nft(args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('nft', ['-j', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? new Error('nft is not there: install nftables', { cause: error })
      : error;
  }
  if (status !== 0) throw new Error(`nft failed: ${stderr.trim()}`);
  return stdout;
}

const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });

function rule(chain: string, expr: readonly object[], comment?: string) {
  return { add: { rule: { ...PLACE, chain, expr, ...(comment && { comment }) } } };
}

/** Makes the table, if it is not there, with masquerading for what comes from behind the bridge. */
export function addMasquerade(bridge: string, network: string, prefixlen: number): void {
  const chain = (name: string, hook: string, prio: number) => ({
    add: { chain: { ...PLACE, name, type: 'nat', hook, prio, policy: 'accept' } },
  });
  transact([
    { add: { table: TABLE } },
    chain('postrouting', 'postrouting', 100),
    chain('prerouting', 'prerouting', -100),
    { flush: { chain: { ...PLACE, name: 'postrouting' } } },
    rule('postrouting', [
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
export function removeForwards(isGone: (owner: string) => boolean): void {
  const listed = JSON.parse(
    nft(['list', 'chain', TABLE.family, TABLE.name, 'prerouting']),
  ) as Listed;
  const gone = listed.nftables.flatMap(({ rule: one }) =>
    one?.comment !== undefined && isGone(one.comment) ? [one.handle] : [],
  );
  if (gone.length === 0) return;
  transact(gone.map((handle) => ({ delete: { rule: { ...PLACE, chain: 'prerouting', handle } } })));
}

/** Removes the table. */
export function removeTable(): void {
  transact([{ add: { table: TABLE } }, { delete: { table: TABLE } }]);
}
