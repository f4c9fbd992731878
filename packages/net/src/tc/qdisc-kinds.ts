// Queueing disciplines: their options as callers write them, and as attributes.
import type { Duration, Size } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { attributes } from '../netlink/attributes.js';
import { type Codec, count64, encodable, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { NO_RATE, rate64, rateSpec, toRateSpec, transmitTime } from './rates.js';
import { delay, fromTicks, type Rate, rate, toTicks } from './units.js';

const US = 1000;

/** Token bucket filter: a rate and the size of a burst. */
export interface TbfOptions {
  rate: Rate;
  /** Size of the bucket. */
  burst: Size;
  /** Longest wait of a packet. Default: 50 ms. */
  latency?: Duration | undefined;
  /** Bytes that may wait. Default: by `latency`. */
  limit?: Size | undefined;
}

const parseTbf = parse.options({
  rate: parse.required(rate),
  burst: parse.required(parse.size),
  latency: parse.withDefault(delay, 50e6),
  limit: parse.size,
} satisfies Members<TbfOptions>);

const tbfTable = attributes({
  parms: [1, struct({ rate: rateSpec, peakrate: rateSpec, limit: u32, buffer: u32, mtu: u32 })],
  rate64: [4, count64],
  burst: [6, u32],
});

/** `tc qdisc add ... tbf`; as output, rates are in bytes a second, `lat` in microseconds. */
export const tbf: Codec<TbfOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { parms, rate64: full } = tbfTable.decode(buffer, start, end);
    if (parms === undefined) return undefined;
    const bytesPerSecond = full ?? parms.rate.rate;
    const burst = Math.round((fromTicks(parms.buffer) * bytesPerSecond) / 1e9);
    const lat = Math.round((((parms.limit - burst) / bytesPerSecond) * 1e9) / US);
    return { rate: bytesPerSecond, burst, limit: parms.limit, lat } as TbfOptions;
  },
  encode(given, name) {
    const options = parseTbf(given, name);
    const { rate: bytesPerSecond, burst, latency } = options;
    const limit = options.limit ?? Math.round((bytesPerSecond * latency) / 1e9) + burst;
    const buffer = toTicks(transmitTime(burst, bytesPerSecond));
    return tbfTable.encode(
      {
        parms: { rate: toRateSpec(bytesPerSecond), peakrate: NO_RATE, limit, buffer, mtu: 0 },
        rate64: rate64(bytesPerSecond),
        burst,
      },
      name,
    );
  },
};

/** Hierarchical token bucket: the classes have the rates. */
export interface HtbOptions {
  /** Minor number of the class for packets that match no filter. Default: none. */
  default?: number | undefined;
  r2q?: number | undefined;
}

const uint = encodable(u32);

const parseHtb = parse.options({
  default: parse.withDefault(uint, 0),
  r2q: parse.withDefault(uint, 10),
} satisfies Members<HtbOptions>);

const htbTable = attributes({
  init: [2, struct({ version: u32, rate2quantum: u32, defcls: u32, debug: u32, direct: u32 })],
  direct_qlen: [5, u32],
  parms: [
    1,
    struct({
      rate: rateSpec,
      ceil: rateSpec,
      buffer: u32,
      cbuffer: u32,
      quantum: u32,
      level: u32,
      prio: u32,
    }),
  ],
  rate64: [6, count64],
  ceil64: [7, count64],
});

const HTB_VERSION = 3;

/** `tc qdisc add ... htb` */
export const htb: Codec<HtbOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { init, direct_qlen } = htbTable.decode(buffer, start, end);
    if (init === undefined) return undefined;
    const { rate2quantum, defcls, direct } = init;
    return {
      r2q: rate2quantum,
      default: defcls,
      direct_packets_stat: direct,
      direct_qlen,
    } as HtbOptions;
  },
  encode(given, name) {
    const { default: defcls, r2q } = parseHtb(given, name);
    const init = { version: HTB_VERSION, rate2quantum: r2q, defcls, debug: 0, direct: 0 };
    return htbTable.encode({ init }, name);
  },
};

/** A class of htb. */
export interface HtbClassOptions {
  rate: Rate;
  /** Rate that it may borrow up to. Default: the rate. */
  ceil?: Rate | undefined;
  /** Default: the bytes of 10 ms, at least 1600. */
  burst?: Size | undefined;
  cburst?: Size | undefined;
  prio?: number | undefined;
  quantum?: Size | undefined;
}

const parseHtbClass = parse.options({
  rate: parse.required(rate),
  ceil: rate,
  burst: parse.size,
  cburst: parse.size,
  prio: parse.withDefault(uint, 0),
  quantum: parse.withDefault(parse.size, 0),
} satisfies Members<HtbClassOptions>);

/** Bytes that go out in 10 ms, at least a full packet. */
const defaultBurst = (bytesPerSecond: number) => Math.max(1600, bytesPerSecond / 100);

/** `tc class add ... htb` */
export const htbClass: Codec<HtbClassOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { parms, rate64: rateFull, ceil64 } = htbTable.decode(buffer, start, end);
    if (parms === undefined) return undefined;
    const bytesPerSecond = rateFull ?? parms.rate.rate;
    const ceil = ceil64 ?? parms.ceil.rate;
    const burst = Math.round((fromTicks(parms.buffer) * bytesPerSecond) / 1e9);
    const cburst = Math.round((fromTicks(parms.cbuffer) * ceil) / 1e9);
    return { rate: bytesPerSecond, ceil, burst, cburst, prio: parms.prio, quantum: parms.quantum };
  },
  encode(given, name) {
    const options = parseHtbClass(given, name);
    const { rate: bytesPerSecond, prio, quantum } = options;
    const { ceil = bytesPerSecond, burst = defaultBurst(bytesPerSecond) } = options;
    const { cburst = defaultBurst(ceil) } = options;
    const parms = {
      rate: toRateSpec(bytesPerSecond),
      ceil: toRateSpec(ceil),
      buffer: toTicks(transmitTime(burst, bytesPerSecond)),
      cbuffer: toTicks(transmitTime(cburst, ceil)),
      quantum,
      level: 0,
      prio,
    };
    const values = { parms, rate64: rate64(bytesPerSecond), ceil64: rate64(ceil) };
    return htbTable.encode(values, name);
  },
};

/** Fair queueing with controlled delay. Times in microseconds, as in its attributes. */
export const fqCodel = attributes({
  target: [1, u32],
  limit: [2, u32],
  interval: [3, u32],
  ecn: [4, u32],
  flows: [5, u32],
  quantum: [6, u32],
  ce_threshold: [7, u32],
  drop_batch: [8, u32],
  memory_limit: [9, u32],
});
