// Firewalls of other programs that drop what the host forwards. An accept in the table of the uplink does
// not help: a packet has to pass every chain of the hook. So rules for the bridge go into their chains, by
// the way that each program offers:
//
// - docker has the chain DOCKER-USER for the rules of others, and evaluates it first.
// - Other rules of iptables are in `ip filter FORWARD`, where CNI plugins and podman put theirs, too.
//
// The rules accept everything from and to the bridge: what may pass is said by the uplink's own table,
// whose chain of the same hook rejects the rest (nat-rules.ts). They consist of what iptables writes as
// well, so that iptables can still read its chains. Other tables belong to an administrator: there the
// uplink fails, and its error says what to add.
import { ACCEPT, by, listChains, listTable, match, transact } from './nft.js';

const IPTABLES = { family: 'ip', table: 'filter' } as const;
const DOCKER = 'DOCKER-USER';
const COUNTER = { counter: { packets: 0, bytes: 0 } };
const INTERFACES = [by.iifname, by.oifname] as const;

/** The rules of a bridge in a chain of iptables. */
const rulesOf = (bridge: string) =>
  INTERFACES.map((key) => [match(key, bridge), COUNTER, ACCEPT] as const);

/** Returns true if a listed rule is one of those that {@link passForeignFirewalls} adds. */
function isOurs(expr: readonly object[], bridge: string): boolean {
  const [first, , last] = expr as [object?, object?, object?];
  const is = (object: object | undefined, other: object) =>
    JSON.stringify(object) === JSON.stringify(other);
  return (
    expr.length === 3 && is(last, ACCEPT) && INTERFACES.some((key) => is(first, match(key, bridge)))
  );
}

const mentions = (expr: readonly object[], bridge: string) =>
  INTERFACES.some((key) => JSON.stringify(expr).includes(JSON.stringify(match(key, bridge))));

/** Throws if a chain that drops what is forwarded has no rule for the bridge. */
function assertPassable(family: string, table: string, chain: string, bridge: string): void {
  const rules = (listTable(family, table) ?? []).flatMap(({ rule }) =>
    rule?.chain === chain ? [rule.expr] : [],
  );
  if (rules.some((expr) => mentions(expr, bridge))) return;
  const add = (key: string) =>
    `nft insert rule ${family} ${table} ${chain} ${key} ${bridge} accept`;
  throw new Error(
    `cannot forward for ${bridge}: the chain ${chain} of the table ${family} ${table} drops what ` +
      `it does not accept; run: ${add('iifname')}; ${add('oifname')}`,
  );
}

/**
 * Lets the packets of a bridge pass the chains that drop forwarded packets by default.
 *
 * @throws an Error that says what to add, for a chain of an administrator
 */
export function passForeignFirewalls(bridge: string): void {
  const chains = listChains();
  const dropping = chains.filter(
    ({ hook, policy, family }) =>
      hook === 'forward' && policy === 'drop' && (family === 'ip' || family === 'inet'),
  );
  for (const { family, table, name } of dropping) {
    if (family !== IPTABLES.family || table !== IPTABLES.table) {
      assertPassable(family, table, name, bridge);
      continue;
    }
    const hasDocker = chains.some((one) => one.table === table && one.name === DOCKER);
    const chain = hasDocker ? DOCKER : name;
    const rules = (listTable(family, table) ?? []).flatMap(({ rule }) => rule ?? []);
    if (rules.some((one) => one.chain === chain && isOurs(one.expr, bridge))) continue;
    transact(rulesOf(bridge).map((expr) => ({ insert: { rule: { family, table, chain, expr } } })));
  }
}

/** Removes the rules of a bridge from the chains of others. */
export function leaveForeignFirewalls(bridge: string): void {
  const { family, table } = IPTABLES;
  const ours = (listTable(family, table) ?? []).flatMap(({ rule }) =>
    rule && isOurs(rule.expr, bridge) ? [rule] : [],
  );
  transact(
    ours.map(({ chain, handle }) => ({ delete: { rule: { family, table, chain, handle } } })),
  );
}
