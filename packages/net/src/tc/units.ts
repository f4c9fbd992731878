// Rates, sizes, times and handles as tc(8) writes them.

const rateUnits: Readonly<Record<string, number>> = {
  '': 1,
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  tbit: 1e12,
  kibit: 2 ** 10,
  mibit: 2 ** 20,
  gibit: 2 ** 30,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
};
const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
};
/** In nanoseconds. */
const timeUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
};

function quantity(
  value: number | string,
  name: string,
  units: Readonly<Record<string, number>>,
  plain: number,
): number {
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || value < 0)
      throw new RangeError(`${name} must not be negative: ${value}`);
    return Math.round(value * plain);
  }
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value)) ?? [];
  const factor = unit === '' ? plain : units[unit.toLowerCase()];
  if (number === undefined || factor === undefined) {
    throw new TypeError(
      `${name} must be a number, or one with a unit of ${Object.keys(units).filter(Boolean).join(', ')}: ${String(value)}`,
    );
  }
  return Math.round(Number(number) * factor);
}

/** A rate: a number of bits a second, or a text such as `10mbit`. */
export type Rate = number | string;
/** A size: a number of bytes, or a text such as `32kb`. */
export type Size = number | string;
/** A time: a number of milliseconds, or a text such as `50ms`. */
export type Time = number | string;

/** Bytes a second. */
export function bytesPerSecond(rate: Rate, name: string): number {
  const bytes = Math.floor(quantity(rate, name, rateUnits, 1) / 8);
  if (bytes === 0) throw new RangeError(`${name} must be at least 8 bits a second: ${rate}`);
  return bytes;
}

/** Bytes. */
export const bytesOf = (size: Size, name: string): number => quantity(size, name, sizeUnits, 1);

/** Nanoseconds. */
export const nanoseconds = (time: Time, name: string): number =>
  quantity(time, name, timeUnits, timeUnits.ms as number);

// The kernel's packet scheduler counts time in units of 64 ns (PSCHED_SHIFT).
const TICK = 64;
const MAX = 0xffff_ffff;

/** Nanoseconds in the scheduler's units, as far as 32 bits reach. */
export const toTicks = (ns: number): number => Math.min(MAX, Math.round(ns / TICK));
/** The scheduler's units in nanoseconds. */
export const fromTicks = (ticks: number): number => ticks * TICK;

/** A share from 0 to 1 in 32 bits. */
export function toShare(share: number, name: string): number {
  if (typeof share !== 'number' || !(share >= 0 && share <= 1)) {
    throw new RangeError(`${name} must be a share from 0 to 1: ${share}`);
  }
  return Math.round(share * MAX);
}
/** 32 bits as a share from 0 to 1. */
export const fromShare = (value: number): number => value / MAX;

const special: Readonly<Record<string, number>> = {
  root: 0xffff_ffff,
  ingress: 0xffff_fff2,
  egress: 0xffff_fff3,
  clsact: 0xffff_fff1,
  none: 0,
};
const specialNames = new Map(Object.entries(special).map(([name, number]) => [number, name]));

/** A handle: `1:` of a qdisc, `1:10` of a class (hexadecimal), `root`, `ingress`, `egress`. */
export function parseHandle(text: string, name: string): number {
  const known = special[text];
  if (known !== undefined) return known;
  const [, major, minor = ''] = /^([0-9a-f]{1,4}):([0-9a-f]{0,4})$/i.exec(text) ?? [];
  if (major === undefined) {
    throw new TypeError(
      `${name} must be a handle such as 1: or 1:10, or one of ${Object.keys(special).join(', ')}: ${text}`,
    );
  }
  return ((Number.parseInt(major, 16) << 16) | Number.parseInt(minor || '0', 16)) >>> 0;
}

/** A handle as tc(8) writes it. */
export function formatHandle(handle: number): string {
  const known = specialNames.get(handle);
  if (known !== undefined) return known;
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
