// Offsets of the two clocks that a time namespace shifts, and their text in /proc.
import { type Members, parse } from '@ns/core/authors';
import { join, nanoseconds, split } from './nanoseconds.js';

/** The offsets of a time namespace from the clocks of the machine, in nanoseconds. */
export interface Offsets {
  /** Offset of CLOCK_MONOTONIC, MONOTONIC_RAW and MONOTONIC_COARSE. */
  readonly monotonic: bigint;
  /** Offset of CLOCK_BOOTTIME and BOOTTIME_ALARM, and so of /proc/uptime. */
  readonly boottime: bigint;
}

/** Offsets to write: a clock that is left out keeps its offset. */
export type OffsetsToWrite = { readonly [Clock in keyof Offsets]?: bigint | undefined };

const parseOffsetsToWrite = parse.options({
  monotonic: nanoseconds,
  boottime: nanoseconds,
} satisfies Members<OffsetsToWrite>);

/** Returns offsets in the form that /proc/PID/timens_offsets takes. */
export function formatOffsets(offsets: OffsetsToWrite): string {
  const given = parseOffsetsToWrite(offsets, 'offsets');
  return (['monotonic', 'boottime'] as const)
    .map((clock) => {
      const offset = given[clock];
      if (offset === undefined) return '';
      const { seconds, nanoseconds } = split(offset);
      return `${clock} ${seconds} ${nanoseconds}\n`;
    })
    .join('');
}

/**
 * Returns the offsets in a text of /proc/PID/timens_offsets.
 *
 * @throws {TypeError} for a line other than a clock and two numbers
 */
export function parseOffsets(text: string): Offsets {
  parse.text(text, 'text');
  const offsets = { monotonic: 0n, boottime: 0n };
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const [, clock, seconds, nanoseconds] =
      /^\s*(monotonic|boottime|1|7)\s+(-?\d+)\s+(\d+)\s*$/.exec(line) ?? [];
    if (seconds === undefined || nanoseconds === undefined) {
      parse.refuse('text', 'lines of a clock, seconds and nanoseconds', line);
    }
    const name = clock === 'monotonic' || clock === '1' ? 'monotonic' : 'boottime';
    offsets[name] = join(BigInt(seconds), BigInt(nanoseconds));
  }
  return offsets;
}
