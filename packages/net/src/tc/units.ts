// Rates, times, shares and handles of tc(8): their parsers, and the forms of the kernel.
import { type Parser, parse } from '@ns/core/authors';

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

/** A rate: a number of bits a second, or a text such as `10mbit`. */
export type Rate = number | string;

/** The parser of a rate; its normal form is bytes a second. */
export const rate: Parser<number> = (value, name) => {
  const expected = "a number of bits a second or a text such as '10mbit'";
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return parse.refuse(name, expected, value);
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?(?:e\+?\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = Object.hasOwn(rateUnits, unit.toLowerCase())
    ? rateUnits[unit.toLowerCase()]
    : undefined;
  if (digits === undefined || factor === undefined) {
    return typeof value === 'number'
      ? parse.outOfRange(name, expected, value)
      : parse.refuse(name, expected, value);
  }
  const bytes = Math.floor(Math.round(Number(digits) * factor) / 8);
  if (!Number.isSafeInteger(bytes) || bytes === 0) {
    parse.outOfRange(name, 'at least 8 bits a second', value);
  }
  return bytes;
};

/** The parser of a duration that is not negative; its normal form is nanoseconds. */
export const delay: Parser<number> = (value, name) => {
  const nanoseconds = parse.nanoseconds(value, name);
  if (nanoseconds < 0n || nanoseconds > BigInt(Number.MAX_SAFE_INTEGER)) {
    parse.outOfRange(name, 'a duration that is not negative', value);
  }
  return Number(nanoseconds);
};

// The kernel's packet scheduler counts time in units of 64 ns (PSCHED_SHIFT).
const TICK = 64;
const MAX = 0xffff_ffff;

/** Returns nanoseconds in the units of the scheduler, limited to 32 bits. */
export const toTicks = (ns: number): number => Math.min(MAX, Math.round(ns / TICK));
/** Returns units of the scheduler in nanoseconds. */
export const fromTicks = (ticks: number): number => ticks * TICK;

/** The parser of a share from 0 to 1; its normal form has 32 bits. */
export const share: Parser<number> = (value, name) => {
  if (typeof value !== 'number') parse.refuse(name, 'a share from 0 to 1', value);
  if (!(value >= 0 && value <= 1)) parse.outOfRange(name, 'a share from 0 to 1', value);
  return Math.round(value * MAX);
};
/** Returns 32 bits as a share from 0 to 1. */
export const fromShare = (value: number): number => value / MAX;

const special: Readonly<Record<string, number>> = {
  root: 0xffff_ffff,
  ingress: 0xffff_fff2,
  egress: 0xffff_fff3,
  clsact: 0xffff_fff1,
  none: 0,
};
const specialNames = new Map(Object.entries(special).map(([name, number]) => [number, name]));

/**
 * The parser of a handle: `1:` of a qdisc, `1:10` of a class (hexadecimal), `root`, `ingress`, `egress`.
 * Its normal form is a number.
 */
export const parseHandle: Parser<number> = (value, name) => {
  const text = typeof value === 'string' ? value : '';
  if (Object.hasOwn(special, text)) return special[text] as number;
  const [, major, minor = ''] = /^([0-9a-f]{1,4}):([0-9a-f]{0,4})$/i.exec(text) ?? [];
  if (major === undefined) {
    const names = Object.keys(special).join(', ');
    return parse.refuse(name, `a handle such as 1: or 1:10, or one of ${names}`, value);
  }
  return ((Number.parseInt(major, 16) << 16) | Number.parseInt(minor || '0', 16)) >>> 0;
};

/** Returns a handle as tc(8) writes it. */
export function formatHandle(handle: number): string {
  const known = specialNames.get(handle);
  if (known !== undefined) return known;
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
