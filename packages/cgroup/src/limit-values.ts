// Values as callers write them ('256M', '150%', '10ms/100ms') and as the kernel reads them.
import type { Size } from '@ns/core';
import { type Parser, parse } from '@ns/core/authors';

/** A number of bytes, or `'max'` for no limit. */
export type SizeLimit = Size | 'max';

/**
 * Processor time: `'150%'` (of one processor), `1.5` (processors), `'10ms/100ms'` (of each period)
 * or `'max'`.
 */
export type CpuMax = number | string;

const PERIOD = 100_000;
const PERIOD_MIN = 1000;
const PERIOD_MAX = 1_000_000;

/** A value for a control file. */
export interface Setting {
  readonly file: string;
  readonly value: string;
}

const isMax = (value: unknown) => value === 'max' || value === Number.POSITIVE_INFINITY;

/** Returns the parser of an integer, as text. */
export function integer(least: number, most: number): Parser<string> {
  const parser = parse.integer(least, most);
  return (value, name) => String(parser(value, name));
}

const countNumber = parse.integer(0);

/** A count, or `'max'`. */
export const count: Parser<string> = (value, name) =>
  isMax(value) ? 'max' : String(countNumber(value, name));

/** Bytes as the kernel reads them: a decimal number, or `max`. */
export const bytes: Parser<string> = (value, name) =>
  isMax(value) ? 'max' : String(parse.size(value, name));

/** A duration in microseconds, as text. */
export const microseconds: Parser<string> = (value, name) =>
  String(parse.microseconds(value, name));

function quotaText(name: string, quota: number | 'max', period: number, value: unknown): string {
  if (quota !== 'max' && quota < PERIOD_MIN) {
    parse.outOfRange(name, 'at least 1ms of each period', value);
  }
  return `${quota} ${period}`;
}

/** The two numbers of cpu.max: microseconds of each period of microseconds. */
export const cpuMax: Parser<string> = (value, name) => {
  const expected = "processors, or a text such as '150%', '10ms/100ms' or 'max'";
  if (isMax(value)) return 'max';
  if (typeof value === 'string' && value.includes('/')) {
    const [quota = '', period = '', ...more] = value.split('/').map((part) => part.trim());
    if (more.length > 0) parse.refuse(name, expected, value);
    const length = parse.microseconds(period, `the period of ${name}`);
    if (length < PERIOD_MIN || length > PERIOD_MAX) {
      parse.outOfRange(name, 'a share of a period from 1ms to 1s', value);
    }
    const share = quota === 'max' ? 'max' : parse.microseconds(quota, `the quota of ${name}`);
    return quotaText(name, share, length, value);
  }
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value)?.[1] : undefined;
  const processors = percent === undefined ? value : Number(percent) / 100;
  if (typeof processors !== 'number') return parse.refuse(name, expected, value);
  if (!Number.isFinite(processors)) return parse.outOfRange(name, expected, value);
  return quotaText(name, Math.round(processors * PERIOD), PERIOD, value);
};

const cpuNumbers = parse.list(parse.integer(0, 65_535));

/** A list of processors or memory nodes: `'0-3,7'`, or numbers. */
export const numberList: Parser<string> = (value, name) => {
  if (Array.isArray(value)) return cpuNumbers(value, name).join(',');
  if (typeof value === 'string' && /^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(value)) return value;
  return parse.refuse(name, "a list such as '0-3,7', or numbers", value);
};

/** Returns the numbers of such a list. */
export function parseNumberList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** Returns a number of the kernel; `max` is Infinity. */
export function parseCount(text: string): number {
  return text.trim() === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}
