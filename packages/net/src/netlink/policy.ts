// What the kernel demands of an attribute (NLMSGERR_ATTR_POLICY, Linux 5.10).
import { attributes, type ValuesOf } from './attributes.js';
import { type Codec, choice, s64, u32, u64 } from './codec.js';

const types = {
  invalid: 0,
  flag: 1,
  u8: 2,
  u16: 3,
  u32: 4,
  u64: 5,
  s8: 6,
  s16: 7,
  s32: 8,
  s64: 9,
  binary: 10,
  string: 11,
  'nul-string': 12,
  nested: 13,
  'nested-array': 14,
  bitfield32: 15,
};

const table = attributes({
  type: [1, choice(u32, types)],
  minSigned: [2, s64],
  maxSigned: [3, s64],
  minUnsigned: [4, u64],
  maxUnsigned: [5, u64],
  minLength: [6, u32],
  maxLength: [7, u32],
  policyIndex: [8, u32],
  policyMaxType: [9, u32],
  bitfieldMask: [10, u32],
  mask: [12, u64],
});

/** The demands of the kernel on an attribute. */
export interface AttributePolicy {
  /** `u32`, `string`, `nested`, ... */
  readonly type?: string | number;
  /** The smallest number. */
  readonly min?: bigint;
  /** The greatest number. */
  readonly max?: bigint;
  /** Bytes. */
  readonly minLength?: number;
  /** Bytes; of a text, without the NUL. */
  readonly maxLength?: number;
  /** The bits that may be set. */
  readonly mask?: bigint;
}

function toPolicy(values: ValuesOf<typeof table.entries>): AttributePolicy {
  const { type, minSigned, maxSigned, minUnsigned, maxUnsigned, bitfieldMask } = values;
  const mask = values.mask ?? (bitfieldMask === undefined ? undefined : BigInt(bitfieldMask));
  const all = {
    type,
    min: minSigned ?? minUnsigned,
    max: maxSigned ?? maxUnsigned,
    minLength: values.minLength,
    maxLength: values.maxLength,
    mask,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A policy. */
export const policy: Codec<AttributePolicy> = {
  nested: true,
  decode: (bytes, start, end) => toPolicy(table.decode(bytes, start, end)),
  encode() {
    throw new TypeError('policies come from the kernel');
  },
};

/** A policy in words: `u32, at least 1, at most 10`. */
export function describePolicy(wanted: AttributePolicy): string {
  const { type, min, max, minLength, maxLength, mask } = wanted;
  const parts = [
    type !== undefined && `${type}`,
    min !== undefined && `at least ${min}`,
    max !== undefined && `at most ${max}`,
    minLength !== undefined && `at least ${minLength} bytes`,
    maxLength !== undefined && `at most ${maxLength} bytes`,
    mask !== undefined && `no bits but 0x${mask.toString(16)}`,
  ];
  return parts.filter(Boolean).join(', ');
}
