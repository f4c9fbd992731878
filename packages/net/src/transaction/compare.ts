// Compares a description with the present state of a namespace.
import { canonicalIP, familyOf, parseIP, parsePrefix } from '../netlink/addresses.js';
import type { Address } from '../rtnetlink/address-table.js';
import { tableNumber } from '../rtnetlink/iproute2-names.js';
import type { Link } from '../rtnetlink/link.js';
import type { LinkChange, NewLink } from '../rtnetlink/link-options.js';
import type { NewRoute, Route } from '../rtnetlink/route-table.js';
import type { WantedLink } from './description.js';
import type { Description } from './parse-description.js';
import type { TransactionStep } from './steps.js';

/** The present state of a namespace. */
export interface Present {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
}

/** Returns `10.0.0.1/24` in one spelling. */
export function canonicalPrefix(text: string): string {
  const { address, prefixlen } = parsePrefix(text, 'address');
  return `${canonicalIP(address)}/${prefixlen}`;
}

/** Settings whose present value can be read back and compared. */
function presentSettings(link: Link, names: ReadonlyMap<number, string>): Record<string, unknown> {
  const { mtu, address, txqlen, group, ifalias, master, flags } = link;
  return {
    mtu,
    address,
    txqlen,
    group,
    alias: ifalias ?? '',
    up: flags.includes('UP'),
    master: master === undefined ? null : (names.get(master) ?? master),
  };
}

const handled = new Set(['kind', 'name', 'addresses', 'peer', 'namespace', 'link', 'dev']);

function changesOf(wanted: WantedLink, link: Link, names: ReadonlyMap<number, string>) {
  const settings = presentSettings(link, names);
  const data = (link.linkinfo?.info_data ?? {}) as Record<string, unknown>;
  const to: LinkChange = {};
  const from: LinkChange = {};
  for (const [key, value] of Object.entries(wanted)) {
    if (handled.has(key) || value === undefined) continue;
    const common = key in settings;
    const now = common ? settings[key] : data[key];
    if (now === undefined && !(key in data)) continue; // nothing to compare it with
    const same =
      typeof value === 'string' ? String(now).toLowerCase() === value.toLowerCase() : now === value;
    if (same) continue;
    to[key] = value;
    from[key] = now;
    if (!common) {
      to.kind = wanted.kind;
      from.kind = wanted.kind;
    }
  }
  return { to, from };
}

function compareLink(
  wanted: WantedLink,
  present: Present,
  names: ReadonlyMap<number, string>,
): TransactionStep[] {
  const link = present.links.find(({ ifname }) => ifname === wanted.name);
  const { addresses: _addresses, ...settings } = wanted;
  if (link === undefined)
    return [{ step: 'add link', link: settings as NewLink & { name: string } }];
  const kind = link.linkinfo?.info_kind;
  if (kind !== wanted.kind) {
    throw new TypeError(
      `links: ${wanted.name} is there, but of kind ${kind ?? link.link_type}, not ${wanted.kind}`,
    );
  }
  const { to, from } = changesOf(wanted, link, names);
  return Object.keys(to).length > 0 ? [{ step: 'change link', dev: wanted.name, to, from }] : [];
}

function addressStep(
  step: 'add address' | 'remove address',
  dev: string,
  address: string,
): TransactionStep {
  const flags = familyOf(address) === 'inet6' ? { flags: ['nodad'] as const } : {};
  return { step, address: { dev, address, ...flags } };
}

/**
 * Adds the addresses that are missing. With `exact` takes away others, and with a primary one those
 * of its subnet, as the kernel would: they are added again.
 */
function compareAddresses(wanted: WantedLink, present: Present, exact: boolean): TransactionStep[] {
  const link = present.links.find(({ ifname }) => ifname === wanted.name);
  const asked = (wanted.addresses ?? []).map(canonicalPrefix);
  const there = present.addresses
    .filter(({ ifindex, scope }) => ifindex === link?.ifindex && scope !== 'link')
    .map((one) => ({ text: `${one.local}/${one.prefixlen}`, isSecondary: isSecondary(one) }));
  const surplus = there.filter(({ text }) => exact && !asked.includes(text));
  const subnets = new Set(
    surplus.filter((one) => !one.isSecondary).map(({ text }) => subnetOf(text)),
  );
  const gone = there
    .filter((one) => surplus.includes(one) || (one.isSecondary && subnets.has(subnetOf(one.text))))
    .map(({ text }) => text);
  const kept = there.map(({ text }) => text).filter((text) => !gone.includes(text));
  return [
    ...gone.reverse().map((one) => addressStep('remove address', wanted.name, one)),
    ...asked
      .filter((one) => !kept.includes(one))
      .map((one) => addressStep('add address', wanted.name, one)),
  ];
}

const isSecondary = ({ family, flags }: Address) =>
  family === 'inet' && flags.includes('secondary');

/** The first address of a prefix, and its length. */
function subnetOf(prefix: string): string {
  const { address, prefixlen } = parsePrefix(prefix, 'address');
  const bits = parseIP(address, 'address');
  bits.forEach((byte, i) => {
    bits[i] = byte & ~(0xff >> Math.max(0, Math.min(8, prefixlen - 8 * i)));
  });
  return `${bits.toString('hex')}/${prefixlen}`;
}

const familyOfRoute = ({ family, dst, gateway }: NewRoute) =>
  family ?? (dst === 'default' ? (gateway ? familyOf(gateway) : 'inet') : familyOf(dst));

/** Returns the key of a route: routes with the same key replace each other. */
function keyOf(route: NewRoute): string {
  const { dst, table = 'main', metric, tos = 0 } = route;
  const family = familyOfRoute(route);
  const to = dst === 'default' ? dst : canonicalPrefix(dst);
  return [
    family,
    to,
    tableNumber(table, 'table'),
    metric ?? (family === 'inet6' ? 1024 : 0),
    tos,
  ].join(' ');
}

/** Converts a present route to one that can be added again. */
const toWanted = ({ malformed: _malformed, ...route }: Route) =>
  (route.gateway === undefined && route.via !== undefined
    ? { ...route, gateway: route.via }
    : route) as NewRoute;

const compared = ['gateway', 'dev', 'prefsrc', 'type', 'scope', 'protocol'] as const;

function compareRoutes(description: Description, present: Present): TransactionStep[] {
  const there = new Map<string, NewRoute>();
  for (const route of present.routes) {
    if (route.nexthops || route.nhid !== undefined) continue;
    const wanted = toWanted(route);
    there.set(keyOf(wanted), wanted);
  }
  const steps: TransactionStep[] = [];
  const asked = new Set<string>();
  for (const route of description.routes) {
    const key = keyOf(route);
    asked.add(key);
    const now = there.get(key);
    if (now === undefined) steps.push({ step: 'add route', route });
    else if (compared.some((name) => route[name] !== undefined && route[name] !== now[name])) {
      steps.push({ step: 'replace route', route, from: now });
    }
  }
  if (!description.exact) return steps;
  const own = new Set<unknown>(['boot', 'static']);
  const surplus = [...there].filter(([key, { protocol }]) => !asked.has(key) && own.has(protocol));
  return [
    ...surplus.map(([, route]): TransactionStep => ({ step: 'remove route', route })),
    ...steps,
  ];
}

const nothing: ReadonlySet<string> = new Set();

/**
 * Returns the changes that lead from the present state to the description, in their order.
 *
 * @param owned links that have only the addresses named
 */
export function compare(
  description: Description,
  present: Present,
  owned = nothing,
): TransactionStep[] {
  const { links, exact } = description;
  const names = new Map(present.links.map(({ ifindex, ifname }) => [ifindex, ifname]));
  return [
    ...links.flatMap((wanted) => compareLink(wanted, present, names)),
    ...links.flatMap((wanted) =>
      compareAddresses(wanted, present, exact || owned.has(wanted.name)),
    ),
    ...compareRoutes(description, present),
  ];
}
