// Every table of attributes: what is read can be written and is read again; nothing makes it throw.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBody } from '../rtnetlink/address-table.js';
import { bridge, bridgePort } from '../rtnetlink/kinds/bridge.js';
import { geneve, gre, ipTunnel, vxlan } from '../rtnetlink/kinds/tunnels.js';
import { bond, ipvlan, macvlan, tun, vlan, vrf } from '../rtnetlink/kinds/virtual.js';
import { linkAttributes, linkBody, netkit, veth } from '../rtnetlink/link-table.js';
import { nsidBody } from '../rtnetlink/namespace-ids.js';
import { neighbourBody } from '../rtnetlink/neighbours.js';
import { nexthopBody } from '../rtnetlink/nexthops.js';
import { routeBody } from '../rtnetlink/route-table.js';
import { ruleBody } from '../rtnetlink/rules.js';
import { bridgeLinkBody } from '../rtnetlink/vlans.js';
import { flower, matchall, u32Filter } from '../tc/filter-kinds.js';
import { fqCodel } from '../tc/qdisc-kinds.js';
import { classBody, filterBody, qdiscBody } from '../tc/table.js';
import { wireguardBody } from '../wireguard/table.js';
import { type AttributeTable, attribute, type Entries, type ValuesOf } from './attributes.js';

const tables: Record<string, AttributeTable<Entries>> = Object.fromEntries(
  Object.entries({
    link: linkAttributes,
    address: addressBody.attributes,
    route: routeBody.attributes,
    rule: ruleBody.attributes,
    neighbour: neighbourBody.attributes,
    nexthop: nexthopBody.attributes,
    nsid: nsidBody.attributes,
    bridgeLink: bridgeLinkBody.attributes,
    wireguard: wireguardBody.attributes,
    ...{ bridge, bridgePort, geneve, gre, ipTunnel, vxlan, bond, ipvlan, macvlan, tun, vlan, vrf },
    ...{ netkit, veth, fqCodel, flower, matchall },
  }).map(([name, table]) => [name, table as unknown as AttributeTable<Entries>]),
);

/** Bytes that are attributes of the table, with contents of whatever length. */
function attributesOf(table: AttributeTable<Entries>) {
  const types = Object.values(table.entries).map(([type]) => type);
  const one = fc
    .tuple(
      fc.oneof(fc.constantFrom(...types), fc.integer({ min: 1, max: 0x3fff })),
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .constantFrom(1, 2, 4, 8, 16)
          .chain((length) => fc.uint8Array({ minLength: length, maxLength: length, max: 0x1f })),
      ),
    )
    .map(([type, data]) => attribute(type, data));
  return fc.array(one, { maxLength: 12 }).map((parts) => Buffer.concat(parts));
}

/** Without what could not be read, in nests as well: that is not written again. */
function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'malformed');
  return Object.fromEntries(entries.map(([key, one]) => [key, readable(one)]));
}

describe.each(Object.entries(tables))('%s', (_name, table) => {
  test('what has been read is written, and read again as the same', () => {
    fc.assert(
      fc.property(attributesOf(table), (bytes) => {
        const values = readable(table.decode(bytes, 0, bytes.length)) as ValuesOf<Entries>;
        let written: Buffer;
        try {
          written = Buffer.from(table.encode(values));
        } catch (error) {
          // Counters beyond 2 ** 53, and texts that became longer because they are not UTF-8.
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(table.decode(written, 0, written.length)).toEqual(values);
      }),
    );
  });
});

const bodies = {
  ...{ linkBody, addressBody, routeBody, ruleBody, neighbourBody, nexthopBody, nsidBody },
  ...{ bridgeLinkBody, wireguardBody, qdiscBody, classBody, filterBody },
};
const kinds = ['veth', 'bridge', 'vxlan', 'tbf', 'htb', 'netem', 'fq_codel', 'u32', 'flower'];

test.each(Object.entries(bodies))('%s reads any bytes and never throws', (_name, body) => {
  const nest = fc.uint8Array({ maxLength: 60 });
  const header = fc.uint8Array({ minLength: body.header.size, maxLength: body.header.size });
  // Attributes with plausible headers reach further than noise does.
  const part = fc
    .tuple(
      fc.integer({ min: 0, max: 60 }),
      fc.oneof(
        nest,
        fc.constantFrom(...kinds).map((kind) => Buffer.from(`${kind}\0`)),
        fc
          .array(fc.tuple(fc.integer({ min: 0, max: 30 }), nest), { maxLength: 4 })
          .map((inner) => Buffer.concat(inner.map(([type, data]) => attribute(type, data)))),
      ),
    )
    .map(([type, data]) => attribute(type, data));
  fc.assert(
    fc.property(header, fc.array(part, { maxLength: 6 }), fc.nat(200), (start, parts, cut) => {
      const bytes = Buffer.concat([start, ...parts]);
      const length = Math.max(0, bytes.length - (cut % 7));
      body.decode(bytes, 0, length);
      body.locate(Buffer.concat([Buffer.alloc(16), bytes]), cut);
    }),
    { numRuns: 300 },
  );
});

test('the table of u32 reads any bytes', () => {
  fc.assert(
    fc.property(attributesOf(u32Filter as unknown as AttributeTable<Entries>), (bytes) => {
      u32Filter.decode(bytes, 0, bytes.length);
    }),
  );
});
