// Offsets of the two clocks that a time namespace shifts, and their text in /proc.
import { join, split } from './nanoseconds.js';

/** What a time namespace adds to the clocks of the machine, in nanoseconds. */
export interface Offsets {
  /** To CLOCK_MONOTONIC and its kin (MONOTONIC_RAW, MONOTONIC_COARSE). */
  readonly monotonic: bigint;
  /** To CLOCK_BOOTTIME and its kin, and so to /proc/uptime. */
  readonly boottime: bigint;
}

/** Writes offsets as /proc/PID/timens_offsets takes them. */
export function formatOffsets(offsets: Partial<Offsets>): string {
  return (['monotonic', 'boottime'] as const)
    .map((clock) => {
      const offset = offsets[clock];
      if (offset === undefined) return '';
      const { seconds, nanoseconds } = split(offset);
      return `${clock} ${seconds} ${nanoseconds}\n`;
    })
    .join('');
}

/**
 * Reads the text of /proc/PID/timens_offsets.
 *
 * @throws {TypeError} for a line that is not a clock and two numbers
 */
export function parseOffsets(text: string): Offsets {
  const offsets = { monotonic: 0n, boottime: 0n };
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const [, clock, seconds, nanoseconds] =
      /^\s*(monotonic|boottime|1|7)\s+(-?\d+)\s+(\d+)\s*$/.exec(line) ?? [];
    if (seconds === undefined || nanoseconds === undefined) {
      throw new TypeError(`not a line of timens_offsets: ${JSON.stringify(line)}`);
    }
    const name = clock === 'monotonic' || clock === '1' ? 'monotonic' : 'boottime';
    offsets[name] = join(BigInt(seconds), BigInt(nanoseconds));
  }
  return offsets;
}
