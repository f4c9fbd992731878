// Compares the description of a lab with the present state.
import { isSystemError } from '@ns/core';
import { list as listNames } from '../named/named.js';
import type { Link } from '../rtnetlink/link.js';
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js';
import { readSysctl } from '../sysctl.js';
import { hasShape } from '../tc/shape.js';
import { compare, type Present } from '../transaction/compare.js';
import type { WantedLink } from '../transaction/description.js';
import type { Cable, CableEnd } from './description.js';
import { isMarked } from './link-mark.js';
import type { Lab, LabNamespace } from './parse-topology.js';
import type { OpenRtnetlink, TopologyStep } from './steps.js';

const NOT_YET = -1;

/** Returns a link that is still to be made. */
const fresh = (ifname: string, info_kind: string | undefined, flags: string[]): Link => ({
  ifindex: NOT_YET,
  ifname,
  flags,
  mtu: 0,
  operstate: 'DOWN',
  group: 0,
  link_type: 'ether',
  ...(info_kind === undefined ? {} : { linkinfo: { info_kind } }),
});

const linkAt = (rtnetlink: Rtnetlink | undefined, { ifname }: CableEnd) =>
  rtnetlink?.links.list().find((one) => one.ifname === ifname);

/** True if the cable is there. Half of a cable is an error. */
function isLaid(cable: Cable, open: (namespace: string) => Rtnetlink | undefined): boolean {
  const [a, b] = cable.map((end) => linkAt(open(end.namespace), end));
  if (a === undefined && b === undefined) return false;
  if (a?.link !== undefined && a.link === b?.ifindex && b.link === a.ifindex) return true;
  const [end] = a === undefined ? [cable[1]] : cable;
  throw new TypeError(`cables: ${end?.namespace}:${end?.ifname} is there, but leads elsewhere`);
}

function wantedLinks({ interfaces }: LabNamespace): WantedLink[] {
  return Object.values(interfaces).flatMap(({ link }) => link ?? []);
}

/** Returns the links in an order in which masters and lower interfaces come first. */
function ordered(links: readonly WantedLink[]): WantedLink[] {
  const byName = new Map(links.map((link) => [link.name, link]));
  const done = new Set<WantedLink>();
  const visit = (link: WantedLink | undefined, path: readonly WantedLink[]) => {
    if (link === undefined || done.has(link)) return;
    if (path.includes(link)) throw new TypeError(`interfaces: ${link.name} depends on itself`);
    const { master, link: lower } = link as { master?: unknown; link?: unknown };
    for (const other of [master, lower]) visit(byName.get(other as string), [...path, link]);
    done.add(link);
  };
  for (const link of links) visit(link, []);
  return [...done];
}

function presentOf(rtnetlink: Rtnetlink | undefined, cabled: readonly string[]): Present {
  const links = rtnetlink?.links.list() ?? [fresh('lo', undefined, ['LOOPBACK', 'UP'])];
  const missing = cabled.filter((name) => !links.some(({ ifname }) => ifname === name));
  return {
    links: [...links, ...missing.map((name) => fresh(name, 'veth', []))],
    addresses: rtnetlink?.addresses.list() ?? [],
    routes: rtnetlink?.routes.list() ?? [],
  };
}

function sysctlNow(namespace: string, name: string): string | undefined {
  try {
    return readSysctl(name, { in: namespace });
  } catch (error) {
    // Settings of an interface that is not there yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isSystemError(error, 'EPERM')) {
      return undefined;
    }
    throw error;
  }
}

function planNamespace(
  namespace: string,
  wanted: LabNamespace,
  cabled: readonly string[],
  rtnetlink: Rtnetlink | undefined,
): TopologyStep[] {
  const links = ordered(wantedLinks(wanted));
  const untouched = cabled.filter((name) => !links.some((link) => link.name === name));
  const ends = untouched.map((name) => ({ kind: 'veth', name, up: true }) as WantedLink);
  const { addresses = [] } = wanted.interfaces.lo ?? {};
  const description = { links: [...links, ...ends], routes: wanted.routes.slice(), exact: false };
  const present = presentOf(rtnetlink, cabled);
  const owned = new Set(present.links.filter(isMarked).map(({ ifname }) => ifname));
  const steps = compare(description, present, owned).map((change): TopologyStep => {
    // To undo a cable removes it: its former settings are not needed.
    const isFresh =
      change.step === 'change link' &&
      present.links.some(({ ifname, ifindex }) => ifname === change.dev && ifindex === NOT_YET);
    return { step: 'change', namespace, change: isFresh ? { ...change, from: {} } : change };
  });
  const loopback = present.links.find(({ ifname }) => ifname === 'lo')?.ifindex;
  for (const address of addresses) {
    const has = present.addresses.some(
      (one) => one.ifindex === loopback && `${one.local}/${one.prefixlen}` === address,
    );
    const change = { step: 'add address', address: { dev: 'lo', address } } as const;
    if (!has) steps.unshift({ step: 'change', namespace, change });
  }
  for (const [name, to] of Object.entries(wanted.sysctls)) {
    const from = rtnetlink && sysctlNow(namespace, name);
    if (from?.replace(/\s+/g, ' ') === to) continue;
    steps.push({
      step: 'set sysctl',
      namespace,
      name,
      to,
      ...(from === undefined ? {} : { from }),
    });
  }
  for (const [ifname, { shape }] of Object.entries(wanted.interfaces)) {
    if (shape === undefined) continue;
    const there = rtnetlink?.links.list().some((link) => link.ifname === ifname);
    if (rtnetlink && there && hasShape(rtnetlink.qdiscs, ifname, shape)) continue;
    steps.push({ step: 'shape', namespace, ifname, shape });
  }
  return steps;
}

/** Returns the steps that remove links of a topology that the description has no more. */
function surplusLinks(
  namespace: string,
  { interfaces }: LabNamespace,
  cabled: readonly string[],
  rtnetlink: Rtnetlink | undefined,
): TopologyStep[] {
  const named = new Set([...Object.keys(interfaces), ...cabled]);
  return (rtnetlink?.links.list() ?? [])
    .filter((link) => isMarked(link) && !named.has(link.ifname))
    .map(({ ifname }) => ({ step: 'remove link', namespace, ifname }));
}

/** Returns the changes that lead from the present state to the lab, in their order. */
export function topologySteps({ cables, ...lab }: Lab, open: OpenRtnetlink): TopologyStep[] {
  const there = new Set(listNames().map(({ name }) => name));
  const openIfThere = (name: string) => (there.has(name) ? open(name) : undefined);
  const namespaces = Object.entries(lab.namespaces);
  const cabledIn = (namespace: string) =>
    cables
      .flat()
      .filter((end) => end.namespace === namespace)
      .map(({ ifname }) => ifname);
  return [
    ...namespaces
      .filter(([namespace]) => !there.has(namespace))
      .map(([namespace]): TopologyStep => ({ step: 'add namespace', namespace })),
    ...cables
      .filter((cable) => !isLaid(cable, openIfThere))
      .map((ends): TopologyStep => ({ step: 'add cable', ends })),
    ...namespaces.flatMap(([namespace, wanted]) =>
      planNamespace(namespace, wanted, cabledIn(namespace), openIfThere(namespace)),
    ),
    // Last, because a link that is removed cannot be restored.
    ...namespaces.flatMap(([namespace, wanted]) =>
      surplusLinks(namespace, wanted, cabledIn(namespace), openIfThere(namespace)),
    ),
  ];
}
