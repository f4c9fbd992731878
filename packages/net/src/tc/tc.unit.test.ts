import { parse } from '@ns/core/authors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { netem } from './netem.js';
import { htbClass, tbf } from './qdisc-kinds.js';
import { delay, formatHandle, parseHandle, rate } from './units.js';

test('rates, sizes and delays are parsed as tc(8) parses them', () => {
  expect(rate('10mbit', 'rate')).toBe(1_250_000);
  expect(rate('1kbps', 'rate')).toBe(1000);
  expect(rate(8000, 'rate')).toBe(1000);
  expect(rate(5e10, 'rate')).toBe(6_250_000_000);
  expect(rate(1000.5, 'rate')).toBe(125);
  expect(parse.size('32kb', 'burst')).toBe(32768);
  expect(delay('1.5ms', 'delay')).toBe(1_500_000);
  expect(delay(20, 'delay')).toBe(20_000_000);
  expect(() => rate('10 parsecs', 'rate')).toThrow(/^rate must be/);
  expect(() => rate(0, 'rate')).toThrow(RangeError);
  expect(() => rate(-1, 'rate')).toThrow(RangeError);
  expect(() => rate(Number.NaN, 'rate')).toThrow(RangeError);
  expect(() => rate('1constructor', 'rate')).toThrow(TypeError);
  expect(() => delay(-1, 'delay')).toThrow(RangeError);
});

test('formatHandle writes handles as tc(8) does, and parseHandle reads them back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x1_0000, max: 0xfffe_ffff }), (handle) => {
      expect(parseHandle(formatHandle(handle), '')).toBe(handle);
    }),
  );
  expect(formatHandle(0x10020)).toBe('1:20');
  expect(parseHandle('ffff:', '')).toBe(0xffff0000);
  expect(() => parseHandle('x', 'handle')).toThrow(/^handle must be/);
});

const near = (value: number, wanted: number) =>
  expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-6);

test('netem decodes the options that it has encoded', () => {
  const share = fc.double({ min: 0.001, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      share,
      share,
      share,
      (delay, loss, duplicate, corrupt) => {
        const bytes = Buffer.from(
          netem.encode({ delay, loss, duplicate, corrupt, rate: '1mbit' }, 'o', {}),
        );
        const decoded = netem.decode(bytes, 0, bytes.length, {});
        expect(decoded).toMatchObject({ delay: delay / 1000, rate: 125_000 });
        near(decoded?.loss ?? 0, loss);
        near(decoded?.duplicate ?? 0, duplicate);
        near(decoded?.corrupt ?? 0, corrupt);
      },
    ),
  );
});

test('tbf and htb decode rates beyond 32 bits in full', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 50_000_000_000 }), (rate) => {
      const options = { rate: rate * 8, burst: 1_000_000 };
      const bytes = Buffer.from(tbf.encode(options, 'o', {}));
      expect(tbf.decode(bytes, 0, bytes.length, {})?.rate).toBe(rate);
      const of = Buffer.from(htbClass.encode(options, 'o', {}));
      expect(htbClass.decode(of, 0, of.length, {})?.rate).toBe(rate);
    }),
  );
});

test('tbf, htb and netem decode any bytes without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), (bytes) => {
      for (const codec of [tbf, htbClass, netem])
        codec.decode(Buffer.from(bytes), 0, bytes.length, {});
    }),
  );
});
