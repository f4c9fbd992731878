import { expect, test } from 'vitest';
import { attributes } from './attributes.js';
import { bytes, s64, u32, u64 } from './codec.js';
import { describePolicy, policy } from './policy.js';

const told = attributes({
  type: [1, u32],
  minSigned: [2, s64],
  maxSigned: [3, s64],
  maxUnsigned: [5, u64],
  bitfieldMask: [10, u32],
  mask: [12, u64],
  strange: [99, bytes],
});

const read = (values: Parameters<typeof told.encode>[0]) => {
  const encoded = Buffer.from(told.encode(values));
  return policy.decode(encoded, 0, encoded.length, {});
};

test('numbers have bounds, with a sign or without', () => {
  const signed = read({ type: 8, minSigned: -5n, maxSigned: 5n });
  expect(signed).toEqual({ type: 's32', min: -5n, max: 5n });
  expect(describePolicy(signed ?? {})).toBe('s32, at least -5, at most 5');
  expect(read({ type: 5, maxUnsigned: 2n ** 64n - 1n })).toEqual({
    type: 'u64',
    max: 2n ** 64n - 1n,
  });
});

test('bits have a mask, and what is not known is left away', () => {
  expect(read({ type: 2, mask: 63n, strange: new Uint8Array(3) })).toEqual({
    type: 'u8',
    mask: 63n,
  });
  const bits = read({ type: 15, bitfieldMask: 3 });
  expect(describePolicy(bits ?? {})).toBe('bitfield32, no bits but 0x3');
  expect(policy.decode(Buffer.from([1, 2, 3]), 0, 3, {})).toEqual({});
});
