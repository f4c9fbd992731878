// Offsets for what one wants to see: a boot time, an uptime.
import { readClocks } from './clocks.js';
import { type Duration, nanoseconds } from './nanoseconds.js';
import type { Offsets } from './offsets.js';
import { readOffsets } from './read-offsets.js';

/** What the machine's own clocks say, without the caller's namespace. */
function machine(): { realtime: bigint } & Offsets {
  const clocks = readClocks();
  const offsets = readOffsets();
  return {
    realtime: clocks.realtime,
    monotonic: clocks.monotonic - offsets.monotonic,
    boottime: clocks.boottime - offsets.boottime,
  };
}

/**
 * Offsets with which the uptime is this much at the moment: `time(withUptime(0))` looks just
 * booted. Both clocks are set to the same time.
 *
 * @param uptime seconds as a number, or nanoseconds as a bigint; not negative
 * @see time_namespaces(7)
 */
export function withUptime(uptime: Duration): Offsets {
  const wanted = nanoseconds(uptime, 'uptime');
  if (wanted < 0n) throw new RangeError(`uptime must not be negative: ${uptime}`);
  const { monotonic, boottime } = machine();
  return { monotonic: wanted - monotonic, boottime: wanted - boottime };
}

/**
 * Offsets with which the machine appears to have been booted at this time.
 *
 * @throws {RangeError} if that is in the future
 * @see time_namespaces(7)
 * @example time(bootedAt(new Date('2026-01-01T00:00:00Z')))
 */
export function bootedAt(date: Date): Offsets {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
    throw new TypeError(`date must be a valid Date: ${String(date)}`);
  }
  const uptime = machine().realtime - BigInt(date.getTime()) * 1_000_000n;
  if (uptime < 0n) throw new RangeError(`date must not be in the future: ${date.toISOString()}`);
  return withUptime(uptime);
}
