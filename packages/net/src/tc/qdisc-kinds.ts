// Queueing disciplines: their settings as a user gives them, and as attributes.
import { attributes } from '../netlink/attributes.js';
import { type Codec, count64, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
import { NO_RATE, rate64, rateSpec, toRateSpec, transmitTime } from './rates.js';
import {
  bytesOf,
  bytesPerSecond,
  fromTicks,
  nanoseconds,
  type Rate,
  type Size,
  type Time,
  toTicks,
} from './units.js';

const US = 1000;

/** Token bucket filter: a rate, and how much may go at once. */
export interface TbfOptions {
  rate: Rate;
  /** Size of the bucket. */
  burst: Size;
  /** How long a packet may wait. Or `limit`. Default: 50 ms. */
  latency?: Time;
  /** Bytes that may wait. */
  limit?: Size;
}

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
    const rate = full ?? parms.rate.rate;
    const burst = Math.round((fromTicks(parms.buffer) * rate) / 1e9);
    const lat = Math.round((((parms.limit - burst) / rate) * 1e9) / US);
    return { rate, burst, limit: parms.limit, lat } as TbfOptions;
  },
  encode(given, name) {
    const options = checked(given, ['rate', 'burst', 'latency', 'limit'], name);
    const rate = bytesPerSecond(options.rate, `${name}.rate`);
    const burst = bytesOf(options.burst, `${name}.burst`);
    const wait = nanoseconds(options.latency ?? 50, `${name}.latency`);
    const limit =
      options.limit === undefined
        ? Math.round((rate * wait) / 1e9) + burst
        : bytesOf(options.limit, `${name}.limit`);
    const buffer = toTicks(transmitTime(burst, rate));
    return tbfTable.encode(
      {
        parms: { rate: toRateSpec(rate), peakrate: NO_RATE, limit, buffer, mtu: 0 },
        rate64: rate64(rate),
        burst,
      },
      name,
    );
  },
};

/** Hierarchical token bucket: the classes have the rates. */
export interface HtbOptions {
  /** Minor number of the class for what no filter takes, as a number. Default: none. */
  default?: number;
  r2q?: number;
}

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
    const { default: defcls = 0, r2q = 10 } = checked(given, ['default', 'r2q'], name);
    const init = { version: HTB_VERSION, rate2quantum: r2q, defcls, debug: 0, direct: 0 };
    return htbTable.encode({ init }, name);
  },
};

/** A class of htb. */
export interface HtbClassOptions {
  rate: Rate;
  /** What it may borrow up to. Default: the rate. */
  ceil?: Rate;
  /** Default: what goes out in 10 ms, at least 1600 bytes. */
  burst?: Size;
  cburst?: Size;
  prio?: number;
  quantum?: Size;
}

/** `tc class add ... htb` */
export const htbClass: Codec<HtbClassOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { parms, rate64: rateFull, ceil64 } = htbTable.decode(buffer, start, end);
    if (parms === undefined) return undefined;
    const rate = rateFull ?? parms.rate.rate;
    const ceil = ceil64 ?? parms.ceil.rate;
    const burst = Math.round((fromTicks(parms.buffer) * rate) / 1e9);
    const cburst = Math.round((fromTicks(parms.cbuffer) * ceil) / 1e9);
    return { rate, ceil, burst, cburst, prio: parms.prio, quantum: parms.quantum };
  },
  encode(given, name) {
    const options = checked(given, ['rate', 'ceil', 'burst', 'cburst', 'prio', 'quantum'], name);
    const rate = bytesPerSecond(options.rate, `${name}.rate`);
    const ceil = options.ceil === undefined ? rate : bytesPerSecond(options.ceil, `${name}.ceil`);
    const size = (given: Size | undefined, speed: number, member: string) =>
      given === undefined ? Math.max(1600, speed / 100) : bytesOf(given, `${name}.${member}`);
    const parms = {
      rate: toRateSpec(rate),
      ceil: toRateSpec(ceil),
      buffer: toTicks(transmitTime(size(options.burst, rate, 'burst'), rate)),
      cbuffer: toTicks(transmitTime(size(options.cburst, ceil, 'cburst'), ceil)),
      quantum: options.quantum === undefined ? 0 : bytesOf(options.quantum, `${name}.quantum`),
      level: 0,
      prio: options.prio ?? 0,
    };
    return htbTable.encode({ parms, rate64: rate64(rate), ceil64: rate64(ceil) }, name);
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
