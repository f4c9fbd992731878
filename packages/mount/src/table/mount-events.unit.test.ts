import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMountEvents, MountEvents } from './mount-events.js';

/** An event as the kernel writes it: metadata of 24 bytes, then information of these types. */
function event(mask: bigint, ...infos: [type: number, value: bigint][]): Buffer {
  const bytes = Buffer.alloc(24 + 16 * infos.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt8(3, 4);
  bytes.writeUInt16LE(24, 6);
  bytes.writeBigUInt64LE(mask, 8);
  bytes.writeInt32LE(-1, 16);
  infos.forEach(([type, value], i) => {
    bytes.writeUInt8(type, 24 + 16 * i);
    bytes.writeUInt16LE(16, 26 + 16 * i);
    bytes.writeBigUInt64LE(value, 32 + 16 * i);
  });
  return bytes;
}

const ATTACH = 0x100_0000n;

test('each mount is named once, in the order of the events', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 1n, max: 20n })), (ids) => {
      const events = new MountEvents();
      decodeMountEvents(Buffer.concat(ids.map((id) => event(ATTACH, [7, id]))), events);
      expect([...events.ids]).toEqual([...new Set(ids)]);
      expect(events.overflowed).toBe(false);
    }),
  );
});

test('information of other types is passed over', () => {
  const events = new MountEvents();
  decodeMountEvents(event(ATTACH, [4, 1n], [7, 2n], [200, 3n]), events);
  expect([...events.ids]).toEqual([2n]);
});

test('a queue that has overflowed says so, in an event without a mount', () => {
  const events = new MountEvents();
  decodeMountEvents(Buffer.concat([event(ATTACH, [7, 1n]), event(0x4000n)]), events);
  expect(events).toMatchObject({ ids: new Set([1n]), overflowed: true });
});
