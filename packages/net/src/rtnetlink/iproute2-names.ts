// Numbers that iproute2 gives names to: scopes, origins and types of routes, tables.
import { type Parser, parse } from '@ns/core/authors';
import { choice, u8 } from '../netlink/codec.js';

/** Scope of an address or a route. */
export const scope = choice(u8, { global: 0, site: 200, link: 253, host: 254, nowhere: 255 });

/** Origin of a route. */
export const protocol = choice(u8, {
  unspec: 0,
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  gated: 8,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  keepalived: 18,
  babel: 42,
  openr: 99,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  eigrp: 192,
});

/** Type of a route: the treatment of its packets. */
export const routeType = choice(u8, {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
});

const tables = { unspec: 0, default: 253, main: 254, local: 255 };
const tableNames = new Map<number, TableName>(
  Object.entries(tables).map(([name, number]) => [number, name as TableName]),
);

/** The routing tables that have a name everywhere. */
export type TableName = keyof typeof tables;

const parseNumber = parse.integer(0, 0xffff_ffff);

/** The parser of a routing table; its normal form is the number. */
export const tableNumber: Parser<number> = (value, name) => {
  if (typeof value === 'number') return parseNumber(value, name);
  if (typeof value === 'string' && Object.hasOwn(tables, value)) return tables[value as TableName];
  return parse.refuse(name, `a number or one of ${Object.keys(tables).join(', ')}`, value);
};

/** Returns the name of a routing table, or its number if it has none. */
export const tableName = (number: number): TableName | number => tableNames.get(number) ?? number;
