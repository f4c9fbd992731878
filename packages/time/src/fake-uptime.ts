// Offsets that make the machine appear to have a given uptime or boot time.
import type { Duration } from '@ns/core';
import { parse } from '@ns/core/authors';
import { nanoseconds } from './nanoseconds.js';
import type { Offsets } from './offsets.js';
import { readClocks } from './read-clocks.js';
import { readOffsets } from './read-offsets.js';

/** Returns the machine's clocks, without the offsets of the caller's namespace. */
function machineClocks(): { realtime: bigint } & Offsets {
  const clocks = readClocks();
  const offsets = readOffsets();
  return {
    realtime: clocks.realtime,
    monotonic: clocks.monotonic - offsets.monotonic,
    boottime: clocks.boottime - offsets.boottime,
  };
}

function offsetsFor(uptime: bigint): Offsets {
  const { monotonic, boottime } = machineClocks();
  return { monotonic: uptime - monotonic, boottime: uptime - boottime };
}

/**
 * Returns offsets with which both clocks show this uptime now. With `time(withUptime(0))` the machine
 * appears to have just booted.
 *
 * @param uptime a duration that is not negative: milliseconds, nanoseconds as a bigint, or a text
 *   such as `'1h'`
 * @see time_namespaces(7)
 */
export function withUptime(uptime: Duration): Offsets {
  const wanted = nanoseconds(uptime, 'uptime');
  if (wanted < 0n) parse.outOfRange('uptime', 'a duration that is not negative', uptime);
  return offsetsFor(wanted);
}

/**
 * Returns offsets with which the machine appears to have booted at this date.
 *
 * @throws {RangeError} for a date in the future
 * @see time_namespaces(7)
 * @example time(bootedAt(new Date('2026-01-01T00:00:00Z')))
 */
export function bootedAt(date: Date): Offsets {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) {
    parse.refuse('date', 'a valid Date', date);
  }
  const uptime = machineClocks().realtime - BigInt(date.getTime()) * 1_000_000n;
  if (uptime < 0n) parse.outOfRange('date', 'a Date in the past', date);
  return offsetsFor(uptime);
}
