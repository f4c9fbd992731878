// Network emulation: its settings as a user gives them, and as attributes.
import type { Duration } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { attributes } from '../netlink/attributes.js';
import { bytes, type Codec, count64, encodable, s32, scount64, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { rate64, toRateSpec } from './rates.js';
import { delay, fromShare, fromTicks, type Rate, rate, share, toTicks } from './units.js';

/** Network emulation: delays and losses. Shares are from 0 to 1. */
export interface NetemOptions {
  delay?: Duration | undefined;
  /** Variation of the delay. */
  jitter?: Duration | undefined;
  /** Correlation of a packet's delay with that of the packet before. */
  delayCorrelation?: number | undefined;
  loss?: number | undefined;
  lossCorrelation?: number | undefined;
  duplicate?: number | undefined;
  duplicateCorrelation?: number | undefined;
  /** Share of packets that are sent at once while the others wait. Needs a delay. */
  reorder?: number | undefined;
  reorderCorrelation?: number | undefined;
  /** Every nth packet is reordered. Default with `reorder`: 1. */
  gap?: number | undefined;
  /** Share of packets in which a bit is flipped. */
  corrupt?: number | undefined;
  corruptCorrelation?: number | undefined;
  rate?: Rate | undefined;
  /** Packets that may wait. Default: 1000. */
  limit?: number | undefined;
}

const uint = encodable(u32);
const shareOrNone = parse.withDefault(share, 0);

const parseNetem = parse.options({
  delay: parse.withDefault(delay, 0),
  jitter: parse.withDefault(delay, 0),
  delayCorrelation: shareOrNone,
  loss: shareOrNone,
  lossCorrelation: shareOrNone,
  duplicate: shareOrNone,
  duplicateCorrelation: shareOrNone,
  reorder: share,
  reorderCorrelation: shareOrNone,
  gap: uint,
  corrupt: share,
  corruptCorrelation: shareOrNone,
  rate,
  limit: parse.withDefault(uint, 1000),
} satisfies Members<NetemOptions>);

const netemHeader = struct({
  latency: u32,
  limit: u32,
  loss: u32,
  gap: u32,
  duplicate: u32,
  jitter: u32,
});
const chance = struct({ probability: u32, correlation: u32 });
const netemTable = attributes({
  correlations: [1, struct({ delay: u32, loss: u32, duplicate: u32 })],
  reorder: [3, chance],
  corrupt: [4, chance],
  lossModel: [5, bytes],
  rate: [6, struct({ rate: u32, packetOverhead: s32, cellSize: u32, cellOverhead: s32 })],
  ecn: [7, u32],
  rate64: [8, count64],
  latency64: [10, scount64],
  jitter64: [11, scount64],
});

const shareOf = (bits: number | undefined) => (bits ? fromShare(bits) : undefined);
const seconds = (ns: number) => ns / 1e9;
const NO_OVERHEAD = { packetOverhead: 0, cellSize: 0, cellOverhead: 0 };

/** `tc qdisc add ... netem`; as output, times are in seconds and the rate in bytes a second. */
export const netem: Codec<NetemOptions> = {
  decode(buffer, start, end) {
    const fixed = netemHeader.decode(buffer, start, end);
    if (fixed === undefined) return undefined;
    const more = netemTable.decode(buffer, start + netemHeader.size, end);
    const options: Record<string, unknown> = {
      delay: seconds(more.latency64 ?? fromTicks(fixed.latency)),
      jitter: seconds(more.jitter64 ?? fromTicks(fixed.jitter)),
      loss: shareOf(fixed.loss),
      duplicate: shareOf(fixed.duplicate),
      gap: fixed.gap || undefined,
      limit: fixed.limit,
      delayCorrelation: shareOf(more.correlations?.delay),
      lossCorrelation: shareOf(more.correlations?.loss),
      duplicateCorrelation: shareOf(more.correlations?.duplicate),
      reorder: shareOf(more.reorder?.probability),
      reorderCorrelation: shareOf(more.reorder?.correlation),
      corrupt: shareOf(more.corrupt?.probability),
      corruptCorrelation: shareOf(more.corrupt?.correlation),
      rate: more.rate64 ?? (more.rate?.rate || undefined),
      ecn: more.ecn ? true : undefined,
    };
    for (const key of Object.keys(options)) if (options[key] === undefined) delete options[key];
    return options as NetemOptions;
  },
  encode(given, name) {
    const options = parseNetem(given, name);
    const { delay: latency, jitter, reorder, corrupt, rate: bytesPerSecond } = options;
    if (reorder !== undefined && latency === 0) {
      parse.refuse(`${name}.delay`, 'more than 0, which reorder needs', latency);
    }
    const header = {
      latency: toTicks(latency),
      jitter: toTicks(jitter),
      limit: options.limit,
      loss: options.loss,
      duplicate: options.duplicate,
      gap: options.gap ?? (reorder === undefined ? 0 : 1),
    };
    const chanceOf = (probability: number | undefined, correlation: number) =>
      probability === undefined ? undefined : { probability, correlation };
    const values = {
      correlations: {
        delay: options.delayCorrelation,
        loss: options.lossCorrelation,
        duplicate: options.duplicateCorrelation,
      },
      reorder: chanceOf(reorder, options.reorderCorrelation),
      corrupt: chanceOf(corrupt, options.corruptCorrelation),
      rate:
        bytesPerSecond === undefined
          ? undefined
          : { ...NO_OVERHEAD, rate: toRateSpec(bytesPerSecond).rate },
      rate64: bytesPerSecond === undefined ? undefined : rate64(bytesPerSecond),
      latency64: latency,
      jitter64: jitter,
    };
    return Buffer.concat([netemHeader.encode(header, name, {}), netemTable.encode(values, name)]);
  },
};
