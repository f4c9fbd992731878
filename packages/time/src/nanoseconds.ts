// Offsets and uptimes as bigint nanoseconds: a Number cannot hold them exactly.
import { type Parser, parse } from '@ns/core/authors';

const SECOND = 1_000_000_000n;
const MAX = 2n ** 63n - 1n;

/** A duration in nanoseconds that fits into the 64 bits of the kernel; it may be negative. */
export const nanoseconds: Parser<bigint> = (value, name) => {
  const result = parse.nanoseconds(value, name);
  if (result > MAX || result < -MAX) {
    parse.outOfRange(name, 'less than 2^63 nanoseconds', value);
  }
  return result;
};

/** Splits a time into seconds and nanoseconds as the kernel does: the nanoseconds are not negative. */
export function split(value: bigint): { seconds: bigint; nanoseconds: bigint } {
  const rest = ((value % SECOND) + SECOND) % SECOND;
  return { seconds: (value - rest) / SECOND, nanoseconds: rest };
}

/** Joins seconds and nanoseconds: the inverse of {@link split}. */
export function join(seconds: bigint, nanoseconds: bigint): bigint {
  return seconds * SECOND + nanoseconds;
}
