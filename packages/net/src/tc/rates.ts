// struct tc_ratespec, and the table of transmission times that old parts of the kernel still want.

import type { Scalar } from '../netlink/codec.js';
import { s16, u8, u16, u32 } from '../netlink/codec.js';
import { struct } from '../netlink/struct.js';
import { toTicks } from './units.js';

const LINKLAYER_ETHERNET = 1;
const MAX = 0xffff_ffff;

const spec = struct({
  cellLog: u8,
  linklayer: u8,
  overhead: u16,
  cellAlign: s16,
  mpu: u16,
  rate: u32,
});

interface RateSpec {
  cellLog: number;
  linklayer: number;
  overhead: number;
  cellAlign: number;
  mpu: number;
  rate: number;
}

/** A ratespec as a member of other structures. */
export const rateSpec: Scalar<RateSpec> = {
  size: spec.size,
  read: (bytes, at) => spec.decode(bytes, at, at + spec.size) as RateSpec,
  write: (value, bytes, at, name) => {
    bytes.set(spec.encode(value, name, {}), at);
  },
  decode: (bytes, start, end) => spec.decode(bytes, start, end),
  encode: (value, name) => spec.encode(value, name, {}),
};

/** A ratespec for a rate in bytes a second. Higher ones than 32 bits are said in an attribute too. */
export function toRateSpec(bytesPerSecond: number, cellLog = 0): RateSpec {
  const rate = Math.min(bytesPerSecond, MAX);
  return { cellLog, linklayer: LINKLAYER_ETHERNET, overhead: 0, cellAlign: -1, mpu: 0, rate };
}

/** No rate. */
export const NO_RATE: RateSpec = Object.freeze({
  cellLog: 0,
  linklayer: 0,
  overhead: 0,
  cellAlign: 0,
  mpu: 0,
  rate: 0,
});

/** The full rate, if it needs more than 32 bits. */
export const rate64 = (bytesPerSecond: number): number | undefined =>
  bytesPerSecond > MAX ? bytesPerSecond : undefined;

/** Nanoseconds that so many bytes take. */
export const transmitTime = (bytes: number, bytesPerSecond: number): number =>
  (bytes * 1e9) / bytesPerSecond;

const CELLS = 256;

/** Transmission times of packets by their size, and into how many bits of it the table looks. */
export function rateTable(
  bytesPerSecond: number,
  mtu: number,
): { cellLog: number; table: Uint8Array } {
  let cellLog = 0;
  while (mtu >> cellLog > CELLS - 1) cellLog++;
  const table = Buffer.alloc(4 * CELLS);
  for (let i = 0; i < CELLS; i++) {
    table.writeUInt32LE(toTicks(transmitTime((i + 1) << cellLog, bytesPerSecond)), 4 * i);
  }
  return { cellLog, table };
}
