// Network emulation: its settings as a user gives them, and as attributes.
import { attributes } from '../netlink/attributes.js';
import { bytes, type Codec, count64, s32, scount64, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
import { rate64, toRateSpec } from './rates.js';
import {
  bytesPerSecond,
  fromShare,
  fromTicks,
  nanoseconds,
  type Rate,
  type Time,
  toShare,
  toTicks,
} from './units.js';

/** Network emulation: a worse network than there is. Shares are from 0 to 1. */
export interface NetemOptions {
  delay?: Time;
  /** How much the delay varies. */
  jitter?: Time;
  /** How much a packet's delay depends on that of the one before. */
  delayCorrelation?: number;
  loss?: number;
  lossCorrelation?: number;
  duplicate?: number;
  duplicateCorrelation?: number;
  /** Share of packets that are sent at once while the others wait. Needs a delay. */
  reorder?: number;
  reorderCorrelation?: number;
  /** Every nth packet is reordered. Default with `reorder`: 1. */
  gap?: number;
  /** Share of packets in which a bit is flipped. */
  corrupt?: number;
  corruptCorrelation?: number;
  rate?: Rate;
  /** Packets that may wait. Default: 1000. */
  limit?: number;
}

const keys = [
  ...['delay', 'jitter', 'delayCorrelation', 'loss', 'lossCorrelation', 'duplicate'],
  ...['duplicateCorrelation', 'reorder', 'reorderCorrelation', 'gap', 'corrupt'],
  ...['corruptCorrelation', 'rate', 'limit'],
] as const satisfies readonly (keyof NetemOptions)[];

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

const share = (bits: number | undefined) => (bits ? fromShare(bits) : undefined);
const seconds = (ns: number) => ns / 1e9;

/** `tc qdisc add ... netem`; as output, times are in seconds and the rate in bytes a second. */
export const netem: Codec<NetemOptions> = {
  decode(buffer, start, end) {
    const fixed = netemHeader.decode(buffer, start, end);
    if (fixed === undefined) return undefined;
    const more = netemTable.decode(buffer, start + netemHeader.size, end);
    const options: Record<string, unknown> = {
      delay: seconds(more.latency64 ?? fromTicks(fixed.latency)),
      jitter: seconds(more.jitter64 ?? fromTicks(fixed.jitter)),
      loss: share(fixed.loss),
      duplicate: share(fixed.duplicate),
      gap: fixed.gap || undefined,
      limit: fixed.limit,
      delayCorrelation: share(more.correlations?.delay),
      lossCorrelation: share(more.correlations?.loss),
      duplicateCorrelation: share(more.correlations?.duplicate),
      reorder: share(more.reorder?.probability),
      reorderCorrelation: share(more.reorder?.correlation),
      corrupt: share(more.corrupt?.probability),
      corruptCorrelation: share(more.corrupt?.correlation),
      rate: more.rate64 ?? (more.rate?.rate || undefined),
      ecn: more.ecn ? true : undefined,
    };
    for (const key of Object.keys(options)) if (options[key] === undefined) delete options[key];
    return options as NetemOptions;
  },
  encode(given, name) {
    const options = checked(given, keys, name);
    const part = (key: keyof NetemOptions) =>
      toShare((options[key] as number | undefined) ?? 0, `${name}.${key}`);
    const delay = nanoseconds(options.delay ?? 0, `${name}.delay`);
    const jitter = nanoseconds(options.jitter ?? 0, `${name}.jitter`);
    const rate =
      options.rate === undefined ? undefined : bytesPerSecond(options.rate, `${name}.rate`);
    if (options.reorder !== undefined && delay === 0) {
      throw new TypeError(`${name}.reorder needs a delay`);
    }
    const header = {
      latency: toTicks(delay),
      jitter: toTicks(jitter),
      limit: options.limit ?? 1000,
      loss: part('loss'),
      duplicate: part('duplicate'),
      gap: options.gap ?? (options.reorder === undefined ? 0 : 1),
    };
    const correlations = {
      delay: part('delayCorrelation'),
      loss: part('lossCorrelation'),
      duplicate: part('duplicateCorrelation'),
    };
    const attributesPart = netemTable.encode(
      {
        correlations,
        reorder:
          options.reorder === undefined
            ? undefined
            : { probability: part('reorder'), correlation: part('reorderCorrelation') },
        corrupt:
          options.corrupt === undefined
            ? undefined
            : { probability: part('corrupt'), correlation: part('corruptCorrelation') },
        rate:
          rate === undefined
            ? undefined
            : { rate: toRateSpec(rate).rate, packetOverhead: 0, cellSize: 0, cellOverhead: 0 },
        rate64: rate === undefined ? undefined : rate64(rate),
        latency64: delay,
        jitter64: jitter,
      },
      name,
    );
    return Buffer.concat([netemHeader.encode(header, name, {}), attributesPart]);
  },
};
