// What a child with a time namespace of its own gets.
import { constants } from 'node:fs';
import type { NamespaceSpec } from '@ns/core';
import { AT, assertKeys, ownOptions } from '@ns/core/authors';
import { O_CLOEXEC } from '@ns/core/sys';
import { readClocks } from './clocks.js';
import { type Duration, nanoseconds } from './nanoseconds.js';
import { formatOffsets, type Offsets } from './offsets.js';
import { readOffsets } from './read-offsets.js';

/** Options of {@link time}: what the namespace adds to the clocks that the machine booted with. */
export interface TimeOptions {
  /**
   * Offset of CLOCK_MONOTONIC: seconds as a number, or nanoseconds as a bigint; may be negative.
   * Default: that of the caller's time namespace.
   */
  monotonic?: Duration;
  /** Offset of CLOCK_BOOTTIME, likewise. */
  boottime?: Duration;
}

// The kernel's KTIME_MAX / 2: a clock may come to 146 years.
const LATEST = (2n ** 63n - 1n) / 2n;

/** Throws what the kernel would answer with ERANGE: no clock may go below zero, nor too far. */
function checkRange(offset: bigint | undefined, clock: keyof Offsets): void {
  if (offset === undefined) return;
  const machine = readClocks()[clock] - readOffsets()[clock];
  if (machine + offset < 0n) {
    throw new RangeError(
      `${clock}: the clock would be negative: the machine's stands at ${machine} ns, the offset is ${offset} ns`,
    );
  }
  if (offset > LATEST || machine + offset > LATEST) {
    throw new RangeError(
      `${clock}: the clock would go beyond 146 years: the offset is ${offset} ns`,
    );
  }
}

const HINT =
  'Offsets can be written before the first process is in the namespace, with CAP_SYS_TIME in the user namespace that owns it.';

/**
 * A new time namespace for a child: its monotonic and boot-time clocks, and so its uptime, are
 * shifted. The time of day is not: there is one for the machine. The child is in it when its
 * command runs; offsets cannot be changed afterwards.
 *
 * Linux 5.6. Needs CAP_SYS_ADMIN and CAP_SYS_TIME, or `user()` beside it.
 *
 * @throws {TypeError | RangeError} for offsets that the kernel would refuse: a clock below zero or
 *   beyond 146 years
 * @see time_namespaces(7), unshare(1) `--time --monotonic --boottime`
 * @example time({ boottime: 86400 }) // appears to have been up for a day longer
 */
export function time(options: TimeOptions = {}): NamespaceSpec {
  assertKeys(options, ['monotonic', 'boottime'], 'time');
  const wanted = ownOptions(options);
  const offsets: { -readonly [clock in keyof Offsets]?: bigint } = {};
  for (const clock of ['monotonic', 'boottime'] as const) {
    const offset = wanted[clock];
    if (offset === undefined) continue;
    offsets[clock] = nanoseconds(offset, clock);
    checkRange(offsets[clock], clock);
  }
  const text = formatOffsets(offsets);
  return {
    type: 'time',
    prepare(child) {
      if (text === '') return;
      const program = child.program('clock');
      const step = 'writing the offsets of its time namespace';
      const path = '/proc/self/timens_offsets';
      const options = { step, hint: HINT };
      // Its files in /proc are closed to a child that has joined a namespace: it is not dumpable.
      const opening = child.joins.size > 0 ? child.program('open') : program;
      const flags = constants.O_WRONLY | O_CLOEXEC;
      const fd = opening.call('openat', AT.FDCWD, path, flags, 0, options);
      program.call('write', fd, text, text.length, { ...options, expect: text.length });
      program.call('close', fd);
    },
  };
}
