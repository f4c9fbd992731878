import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIP, ip, lladdr, parseIP, parsePrefix } from './addresses.js';
import { arrayOf, attributes, byKind } from './attributes.js';
import * as codec from './codec.js';
import { struct } from './struct.js';

const inner = attributes({ on: [1, codec.boolean(codec.u8)], name: [2, codec.text()] });
const table = attributes({
  u8: [1, codec.u8],
  s8: [2, codec.s8],
  u16: [3, codec.u16],
  be16: [4, codec.be16],
  u32: [5, codec.u32],
  be32: [6, codec.be32],
  s32: [7, codec.s32],
  count: [8, codec.count64],
  big: [9, codec.u64],
  text: [10, codec.text()],
  raw: [11, codec.bytes],
  flag: [12, codec.flag],
  ip: [13, ip],
  mac: [14, lladdr],
  nest: [15, inner],
  many: [16, codec.text(), 'many'],
  list: [17, arrayOf(inner)],
  choice: [18, codec.choice(codec.u16, { one: 1, two: 2 })],
  kind: [19, codec.text()],
  data: [
    20,
    byKind<{ id?: number }>('kind', { known: attributes({ id: [1, codec.u16] }) }, codec.bytes),
  ],
  pair: [21, struct({ low: codec.be16, _pad: codec.u16, high: codec.u32 })],
});

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((s) => !s.includes('\0'));
const integer = (min: number, max: number) => fc.integer({ min, max });
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((b) => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join(':'));
const innerValues = fc.record({ on: fc.boolean(), name: text }, { requiredKeys: [] });
const values = fc.record(
  {
    u8: integer(0, 255),
    s8: integer(-128, 127),
    u16: integer(0, 0xffff),
    be16: integer(0, 0xffff),
    u32: integer(0, 0xffff_ffff),
    be32: integer(0, 0xffff_ffff),
    s32: integer(-0x8000_0000, 0x7fff_ffff),
    count: fc.maxSafeNat(),
    big: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    text,
    raw: fc.uint8Array({ maxLength: 9 }),
    flag: fc.constant(true),
    ip: fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((s) => formatIP(parseIP(s, ''), 0, 16) as string),
    ),
    mac,
    nest: innerValues,
    many: fc.array(text, { minLength: 1, maxLength: 4 }),
    list: fc.array(innerValues, { maxLength: 4 }),
    choice: fc.oneof(fc.constant('one' as const), fc.constant('two' as const), fc.constant(77)),
    pair: fc.record({ low: integer(0, 0xffff), high: integer(0, 0xffff_ffff) }),
    unknown: fc.array(
      fc.record({ type: integer(100, 0x3fff), data: fc.uint8Array({ maxLength: 9 }) }),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);

test('a table decodes the values that it has encoded, unknown attributes included', () => {
  fc.assert(
    fc.property(values, (given) => {
      const bytes = Buffer.from(table.encode(given));
      expect(table.decode(bytes, 0, bytes.length)).toEqual(given);
    }),
  );
});

test('a table decodes any bytes, and parts of valid messages, without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      table.decode(Buffer.from(bytes), 0, bytes.length);
    }),
  );
  fc.assert(
    fc.property(values, fc.nat(), (given, cut) => {
      const bytes = Buffer.from(table.encode(given));
      const length = bytes.length === 0 ? 0 : cut % bytes.length;
      const decoded = table.decode(bytes, 0, length);
      const whole = table.decode(bytes, 0, bytes.length);
      for (const [key, value] of Object.entries(decoded)) {
        if (!['malformed', 'unknown', 'many'].includes(key)) {
          expect(whole).toHaveProperty([key], value);
        }
      }
    }),
  );
});

test('decode reports an attribute of the wrong size with its bytes', () => {
  const bytes = Buffer.from([5, 0, 3, 0, 9, 0, 0, 0]);
  expect(table.decode(bytes, 0, 8)).toEqual({
    malformed: [{ type: 3, data: Uint8Array.of(9) }],
  });
});

test('byKind decodes settings by the kind beside them', () => {
  const bytes = Buffer.from(table.encode({ kind: 'known', data: { id: 7 } }));
  expect(table.decode(bytes, 0, bytes.length)).toEqual({ kind: 'known', data: { id: 7 } });
});

test('locate names an offset by its path', () => {
  const bytes = Buffer.from(table.encode({ u8: 1, nest: { on: true, name: 'x' } }));
  expect(table.locate(bytes, 0, bytes.length, 12 + 8 + 4).path).toEqual(['nest', 'name']);
});

test('encode names the wrong value', () => {
  expect(() => table.encode({ u8: 256 })).toThrow(/^u8 must be an integer from 0 to 255, got 256$/);
  expect(() => table.encode({ nest: { on: 1 as never } })).toThrow(
    /^nest.on must be a boolean, got 1$/,
  );
  expect(() => table.encode({ wrong: 1 } as never)).toThrow(/^attributes\.wrong is not known/);
  expect(() => table.encode({ text: 'a\0b' })).toThrow('NUL');
  expect(() => table.encode({ ip: '10.0.0.256' })).toThrow(/^ip must be an IPv4 or IPv6 address/);
  expect(() => parsePrefix('10.0.0.0/33', 'dst')).toThrow(RangeError);
});

test('formatIP writes IPv6 addresses as RFC 5952 demands', () => {
  const round = (text: string) => formatIP(parseIP(text, ''), 0, 16);
  expect(round('2001:DB8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1');
  expect(round('::')).toBe('::');
  expect(round('1:0:0:0:0:0:0:0')).toBe('1::');
  expect(round('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1');
  expect(round('::ffff:192.0.2.1')).toBe('::ffff:192.0.2.1');
});
