// Actions of filters: police, mirred and gact.
import { attributes, type ValuesOf } from '../netlink/attributes.js';
import { bytes, type Codec, choice, count64, s32, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { checked } from '../options.js';
import { NO_RATE, rate64, rateSpec, rateTable, toRateSpec, transmitTime } from './rates.js';
import { bytesOf, bytesPerSecond, fromTicks, type Rate, type Size, toTicks } from './units.js';

const verdicts = { unspec: -1, pass: 0, reclassify: 1, drop: 2, pipe: 3, stolen: 4 };
const verdict = choice(s32, verdicts);

/** What becomes of a packet. */
export type Verdict = keyof typeof verdicts;

/** Limits a rate: `action police`. */
export interface PoliceOptions {
  rate: Rate;
  burst: Size;
  /** For packets beyond the rate. Default: drop. */
  exceed?: Verdict;
  /** For the others. Default: pass. */
  conform?: Verdict;
  /** Greatest packet. Default: 2047 bytes. */
  mtu?: Size;
}

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
    const rate = full ?? parms.rate.rate;
    const burst = Math.round((fromTicks(parms.burst) * rate) / 1e9);
    return {
      rate,
      burst,
      mtu: parms.mtu,
      exceed: parms.action as Verdict,
      conform: (result ?? 'pass') as Verdict,
    };
  },
  encode(given, name) {
    const options = checked(given, ['rate', 'burst', 'exceed', 'conform', 'mtu'], name);
    const rate = bytesPerSecond(options.rate, `${name}.rate`);
    const burst = bytesOf(options.burst, `${name}.burst`);
    const mtu = bytesOf(options.mtu ?? 2047, `${name}.mtu`);
    const { cellLog, table } = rateTable(rate, mtu);
    const values: ValuesOf<typeof policeTable.entries> = {
      parms: {
        index: 0,
        action: options.exceed ?? 'drop',
        limit: 0,
        burst: toTicks(transmitTime(burst, rate)),
        mtu,
        rate: toRateSpec(rate, cellLog),
        peakrate: NO_RATE,
        refcnt: 0,
        bindcnt: 0,
        capab: 0,
      },
      table,
      result: options.conform,
      rate64: rate64(rate),
    };
    return policeTable.encode(values, name);
  },
};

const mirredAction = choice(s32, {
  'egress redirect': 1,
  'egress mirror': 2,
  'ingress redirect': 3,
  'ingress mirror': 4,
});

/** Sends packets, or copies of them, elsewhere: `action mirred`. */
export interface MirredOptions {
  to: 'egress redirect' | 'egress mirror' | 'ingress redirect' | 'ingress mirror';
  /** Index of the interface. */
  ifindex: number;
}

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
    const { to, ifindex } = checked(given, ['to', 'ifindex'], name);
    const action: Verdict = to?.endsWith('redirect') ? 'stolen' : 'pipe';
    const parms = { index: 0, capab: 0, action, refcnt: 0, bindcnt: 0, eaction: to, ifindex };
    return mirredTable.encode({ parms }, name);
  },
};

/** Decides: `action drop`, `action pass`. */
export interface GactOptions {
  control: Verdict;
}

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
    const { control } = checked(given, ['control'], name);
    const parms = { index: 0, capab: 0, action: control, refcnt: 0, bindcnt: 0 };
    return gactTable.encode({ parms }, name);
  },
};
