// Events of a namespace, decoded from the messages that the kernel multicasts.
import { families } from '../netlink/addresses.js';
import { type Address, addressBody, toAddress } from './address-table.js';
import { decodeLink, type Link } from './link.js';
import { RTM } from './message-types.js';
import { type Neighbour, neighbourBody, toNeighbour } from './neighbours.js';
import { type Route, routeBody, toRoute } from './route-table.js';
import { type Rule, ruleBody, toRule } from './rules.js';

/** Multicast groups of rtnetlink by what they tell of. */
export const groupNumbers = {
  link: [1],
  neighbour: [3],
  address: [5, 9],
  route: [7, 11],
  rule: [8, 19],
} as const;

/** Group of events. */
export type WatchGroup = keyof typeof groupNumbers;

interface Told {
  /** Number of the namespace that it happened in, if that is another one (`all: true`). */
  readonly nsid?: number;
}

/** Something that has changed. */
export type NetEvent = Told &
  (
    | { readonly event: 'link'; readonly action: 'new' | 'remove'; readonly link: Link }
    | { readonly event: 'address'; readonly action: 'new' | 'remove'; readonly address: Address }
    | { readonly event: 'route'; readonly action: 'new' | 'remove'; readonly route: Route }
    | { readonly event: 'rule'; readonly action: 'new' | 'remove'; readonly rule: Rule }
    | {
        readonly event: 'neighbour';
        readonly action: 'new' | 'remove';
        readonly neighbour: Neighbour;
      }
    /** Events were lost, because they were read too slowly: list again what matters. */
    | { readonly event: 'resync' }
  );

// Interfaces are given by index in events: a name read later may be another one's.
const noNames: ReadonlyMap<number, string> = new Map();

type Decoder = (
  bytes: Buffer,
  start: number,
  end: number,
  action: 'new' | 'remove',
) => NetEvent | undefined;

const link: Decoder = (bytes, start, end, action) => {
  // Bridges report their ports in the same group: these messages are not links.
  if (bytes[start] !== families.unspec) return undefined;
  const decoded = decodeLink(bytes, start, end);
  return decoded && { event: 'link', action, link: decoded };
};
const address: Decoder = (bytes, start, end, action) => {
  const values = addressBody.decode(bytes, start, end);
  return values && { event: 'address', action, address: toAddress(values) };
};
const route: Decoder = (bytes, start, end, action) => {
  const values = routeBody.decode(bytes, start, end);
  return values && { event: 'route', action, route: toRoute(values, noNames) };
};
const rule: Decoder = (bytes, start, end, action) => {
  const values = ruleBody.decode(bytes, start, end);
  return values && { event: 'rule', action, rule: toRule(values) };
};
const neighbour: Decoder = (bytes, start, end, action) => {
  const values = neighbourBody.decode(bytes, start, end);
  return values && { event: 'neighbour', action, neighbour: toNeighbour(values, noNames) };
};

const decoders = new Map<number, readonly ['new' | 'remove', Decoder]>([
  [RTM.NEWLINK, ['new', link]],
  [RTM.DELLINK, ['remove', link]],
  [RTM.NEWADDR, ['new', address]],
  [RTM.DELADDR, ['remove', address]],
  [RTM.NEWROUTE, ['new', route]],
  [RTM.DELROUTE, ['remove', route]],
  [RTM.NEWRULE, ['new', rule]],
  [RTM.DELRULE, ['remove', rule]],
  [RTM.NEWNEIGH, ['new', neighbour]],
  [RTM.DELNEIGH, ['remove', neighbour]],
]);

/** The event in a message; undefined if it is not told. */
export function decodeEvent(
  bytes: Buffer,
  start: number,
  end: number,
  type: number,
): NetEvent | undefined {
  const known = decoders.get(type);
  return known?.[1](bytes, start, end, known[0]);
}
