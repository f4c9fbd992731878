// The spec of a new time namespace.
import { constants } from 'node:fs';
import type { Duration, NamespaceSpec } from '@ns/core';
import { AT, type Members, parse } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import { nanoseconds } from './nanoseconds.js';
import { formatOffsets, type Offsets } from './offsets.js';
import { readClocks } from './read-clocks.js';
import { readOffsets } from './read-offsets.js';

/** Options of {@link time}: offsets from the clocks of the machine. */
export interface TimeOptions {
  /**
   * Offset of CLOCK_MONOTONIC: milliseconds, nanoseconds as a bigint, or a text such as `'-1.5h'`.
   * It may be negative. Default: that of the caller's time namespace.
   */
  monotonic?: Duration | undefined;
  /** Offset of CLOCK_BOOTTIME, in the same forms. Default: that of the caller's time namespace. */
  boottime?: Duration | undefined;
}

const parseTime = parse.options({
  monotonic: nanoseconds,
  boottime: nanoseconds,
} satisfies Members<TimeOptions>);

// The kernel's KTIME_MAX / 2: a clock may come to 146 years.
const LATEST = (2n ** 63n - 1n) / 2n;

/** Throws for an offset that the kernel would refuse by ERANGE, with the reason. */
function assertInRange(offset: bigint | undefined, clock: keyof Offsets): void {
  if (offset === undefined) return;
  const machine = readClocks()[clock] - readOffsets()[clock];
  if (machine + offset < 0n) {
    throw new RangeError(
      `time.${clock} must not make the clock negative: the machine's is at ${machine} ns, the offset is ${offset} ns`,
    );
  }
  if (offset > LATEST || machine + offset > LATEST) {
    throw new RangeError(
      `time.${clock} must not move the clock beyond 146 years: the offset is ${offset} ns`,
    );
  }
}

const HINT =
  'Offsets are written before the first process enters the namespace, with CAP_SYS_TIME in the user namespace that owns it.';

/**
 * Returns the spec of a new time namespace: its monotonic and boot-time clocks, and so its uptime, are
 * shifted. The time of day is the machine's. The child is in the namespace when its command runs.
 * Offsets cannot be changed afterwards.
 *
 * Linux 5.6. Needs CAP_SYS_ADMIN and CAP_SYS_TIME, or `user()` beside it.
 *
 * @throws {TypeError | RangeError} for offsets that the kernel would refuse: a clock below zero or
 *   beyond 146 years
 * @see time_namespaces(7), unshare(1) `--time --monotonic --boottime`
 * @example time({ boottime: '1d' }) // the machine appears to be up for a day longer
 */
export function time(options: TimeOptions = {}): NamespaceSpec {
  const offsets = parseTime(options, 'time');
  for (const clock of ['monotonic', 'boottime'] as const) assertInRange(offsets[clock], clock);
  const text = formatOffsets(offsets);
  return {
    type: 'time',
    prepare(child) {
      if (text === '') return;
      const program = child.program('clock');
      const step = 'writing the offsets of its time namespace';
      const path = '/proc/self/timens_offsets';
      const options = { step, hint: HINT };
      // A child that has joined a namespace is not dumpable, so that it cannot open its files in /proc.
      const opening = child.joins.size > 0 ? child.program('open') : program;
      const flags = constants.O_WRONLY | O_CLOEXEC;
      const fd = opening.call('openat', AT.FDCWD, path, flags, 0, options);
      program.call('write', fd, text, text.length, { ...options, expect: text.length });
      program.call('close', fd);
    },
  };
}
