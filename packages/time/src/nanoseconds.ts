// Times as bigint nanoseconds: what a Number cannot hold exactly.

const SECOND = 1_000_000_000n;

/** A time: nanoseconds as bigint, or seconds as number (rounded to the nanosecond). */
export type Duration = bigint | number;

const MAX = 2n ** 63n - 1n;

/**
 * Nanoseconds of a time that is given in either way.
 *
 * @throws {TypeError | RangeError} naming the argument
 */
export function nanoseconds(value: Duration, name: string): bigint {
  const result = typeof value === 'bigint' ? value : fromSeconds(value, name);
  if (result > MAX || result < -MAX) {
    throw new RangeError(`${name} must be less than 2^63 nanoseconds: ${value}`);
  }
  return result;
}

function fromSeconds(value: unknown, name: string): bigint {
  if (typeof value !== 'number') {
    throw new TypeError(
      `${name} must be seconds as a number or nanoseconds as a bigint: ${String(value)}`,
    );
  }
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be finite: ${value}`);
  // Whole and broken seconds apart: together they exceed what a Number holds.
  const whole = Math.floor(value);
  return BigInt(whole) * SECOND + BigInt(Math.round((value - whole) * 1e9));
}

/** Seconds and nanoseconds as the kernel splits them: the nanoseconds are never negative. */
export function split(value: bigint): { seconds: bigint; nanoseconds: bigint } {
  const rest = ((value % SECOND) + SECOND) % SECOND;
  return { seconds: (value - rest) / SECOND, nanoseconds: rest };
}

/** The counterpart of {@link split}. */
export function join(seconds: bigint, nanoseconds: bigint): bigint {
  return seconds * SECOND + nanoseconds;
}
