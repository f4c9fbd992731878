// Actions of filters: police, mirred and gact.
import type { Size } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { attributes, type ValuesOf } from '../netlink/attributes.js';
import { bytes, type Codec, choice, count64, s32, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { ifindex } from '../rtnetlink/device.js';
import { NO_RATE, rate64, rateSpec, rateTable, toRateSpec, transmitTime } from './rates.js';
import { fromTicks, type Rate, rate, toTicks } from './units.js';

const verdicts = { unspec: -1, pass: 0, reclassify: 1, drop: 2, pipe: 3, stolen: 4 };
const verdict = choice(s32, verdicts);

/** Verdict on a packet. */
export type Verdict = keyof typeof verdicts;

/** Limits a rate: `action police`. */
export interface PoliceOptions {
  rate: Rate;
  burst: Size;
  /** Verdict on packets beyond the rate. Default: drop. */
  exceed?: Verdict | undefined;
  /** Verdict on the others. Default: pass. */
  conform?: Verdict | undefined;
  /** Greatest packet. Default: 2047 bytes. */
  mtu?: Size | undefined;
}

const verdictName = parse.oneOf(...(Object.keys(verdicts) as Verdict[]));

const parsePolice = parse.options({
  rate: parse.required(rate),
  burst: parse.required(parse.size),
  exceed: parse.withDefault(verdictName, 'drop'),
  conform: verdictName,
  mtu: parse.withDefault(parse.size, 2047),
} satisfies Members<PoliceOptions>);

const policeTable = attributes({
  parms: [
    1,
    struct({
      index: u32,
      action: verdict,
      limit: u32,
      burst: u32,
      mtu: u32,
      rate: rateSpec,
      peakrate: rateSpec,
      refcnt: s32,
      bindcnt: s32,
      capab: u32,
    }),
  ],
  table: [2, bytes],
  peakTable: [3, bytes],
  result: [5, verdict],
  rate64: [8, count64],
});

export const police: Codec<PoliceOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { parms, rate64: full, result } = policeTable.decode(buffer, start, end);
    if (parms === undefined) return undefined;
    const bytesPerSecond = full ?? parms.rate.rate;
    const burst = Math.round((fromTicks(parms.burst) * bytesPerSecond) / 1e9);
    return {
      rate: bytesPerSecond,
      burst,
      mtu: parms.mtu,
      exceed: parms.action as Verdict,
      conform: (result ?? 'pass') as Verdict,
    };
  },
  encode(given, name) {
    const { rate: bytesPerSecond, burst, exceed, conform, mtu } = parsePolice(given, name);
    const { cellLog, table } = rateTable(bytesPerSecond, mtu);
    const values: ValuesOf<typeof policeTable.entries> = {
      parms: {
        index: 0,
        action: exceed,
        limit: 0,
        burst: toTicks(transmitTime(burst, bytesPerSecond)),
        mtu,
        rate: toRateSpec(bytesPerSecond, cellLog),
        peakrate: NO_RATE,
        refcnt: 0,
        bindcnt: 0,
        capab: 0,
      },
      table,
      result: conform,
      rate64: rate64(bytesPerSecond),
    };
    return policeTable.encode(values, name);
  },
};

const directions = {
  'egress redirect': 1,
  'egress mirror': 2,
  'ingress redirect': 3,
  'ingress mirror': 4,
};
const mirredAction = choice(s32, directions);

/** Redirects packets, or copies of them, to an interface: `action mirred`. */
export interface MirredOptions {
  to: 'egress redirect' | 'egress mirror' | 'ingress redirect' | 'ingress mirror';
  /** Index of the interface. */
  ifindex: number;
}

const parseMirred = parse.options({
  to: parse.required(parse.oneOf(...(Object.keys(directions) as (keyof typeof directions)[]))),
  ifindex: parse.required(ifindex),
} satisfies Members<MirredOptions>);

const mirredTable = attributes({
  parms: [
    2,
    struct({
      index: u32,
      capab: u32,
      action: verdict,
      refcnt: s32,
      bindcnt: s32,
      eaction: mirredAction,
      ifindex: u32,
    }),
  ],
});

export const mirred: Codec<MirredOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { parms } = mirredTable.decode(buffer, start, end);
    return parms && { to: parms.eaction as MirredOptions['to'], ifindex: parms.ifindex };
  },
  encode(given, name) {
    const { to, ifindex: index } = parseMirred(given, name);
    const action: Verdict = to.endsWith('redirect') ? 'stolen' : 'pipe';
    const fixed = { index: 0, capab: 0, refcnt: 0, bindcnt: 0 };
    const parms = { ...fixed, action, eaction: to, ifindex: index };
    return mirredTable.encode({ parms }, name);
  },
};

/** A verdict: `action drop`, `action pass`. */
export interface GactOptions {
  control: Verdict;
}

const parseGact = parse.options({
  control: parse.required(verdictName),
} satisfies Members<GactOptions>);

const gactTable = attributes({
  parms: [2, struct({ index: u32, capab: u32, action: verdict, refcnt: s32, bindcnt: s32 })],
});

export const gact: Codec<GactOptions> = {
  nested: true,
  decode(buffer, start, end) {
    const { parms } = gactTable.decode(buffer, start, end);
    return parms && { control: parms.action as Verdict };
  },
  encode(given, name) {
    const { control } = parseGact(given, name);
    const parms = { index: 0, capab: 0, action: control, refcnt: 0, bindcnt: 0 };
    return gactTable.encode({ parms }, name);
  },
};
