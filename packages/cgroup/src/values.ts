// Values as people write them ('256M', '150%', '10ms/100ms') and as the kernel reads them.

/** A number of bytes: a number, a text such as `'256M'` (binary: 1024 * 1024) or `'max'`. */
export type Size = number | string;

/** A length of time: microseconds, or a text such as `'150ms'`, `'1s'`, `'500us'`. */
export type Duration = number | string;

/**
 * Processor time: `'150%'` (of one processor), `1.5` (processors), `'10ms/100ms'` (of each period)
 * or `'max'`.
 */
export type CpuMax = number | string;

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  p: 1024 ** 5,
};
const TIMES: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };
const PERIOD = 100_000;
const PERIOD_MIN = 1000;
const PERIOD_MAX = 1_000_000;

/** A value for a control file. */
export interface Setting {
  readonly file: string;
  readonly value: string;
}

/** Turns an option into what the kernel reads, or throws an error that names the option. */
export type Encode = (name: string, value: unknown) => string;

function fail(name: string, expected: string, value: unknown): never {
  const Problem = typeof value === 'number' ? RangeError : TypeError;
  throw new Problem(`${name} must be ${expected}: ${String(value)}`);
}

/** Checks an integer in a range, or `'max'` where that is allowed. */
export function integer(name: string, value: unknown, min: number, max: number): string {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return String(value);
  }
  return fail(name, `an integer from ${min} to ${max}`, value);
}

/** The number of a process or thread. */
export function processNumber(name: string, value: unknown): string {
  return integer(name, value, 1, 4_194_304);
}

/** A count, or `'max'`. */
export function count(name: string, value: unknown): string {
  if (value === 'max' || value === Number.POSITIVE_INFINITY) return 'max';
  return integer(name, value, 0, Number.MAX_SAFE_INTEGER);
}

/** Bytes as the kernel reads them: a decimal number, or `max`. */
export function bytes(name: string, value: unknown): string {
  const expected = "a number of bytes, a text such as '256M' or 'max'";
  if (value === 'max' || value === Number.POSITIVE_INFINITY) return 'max';
  if (typeof value === 'string') {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i.exec(value) ?? [];
    const factor = SIZES[unit.toLowerCase()];
    if (digits === undefined || factor === undefined) return fail(name, expected, value);
    const number = Math.round(Number(digits) * factor);
    return Number.isSafeInteger(number) ? String(number) : fail(name, expected, value);
  }
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    return fail(name, expected, value);
  }
  return String(value);
}

/** Microseconds. */
export function microseconds(name: string, value: unknown): number {
  const expected = "microseconds, or a text such as '150ms'";
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? value : fail(name, expected, value);
  }
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*(us|ms|s)$/.exec(String(value)) ?? [];
  const factor = TIMES[unit];
  if (digits === undefined || factor === undefined) return fail(name, expected, value);
  return Math.round(Number(digits) * factor);
}

/** The two numbers of cpu.max: microseconds of each period of microseconds. */
export function cpuMax(name: string, value: unknown): string {
  const expected = "processors, or a text such as '150%', '10ms/100ms' or 'max'";
  if (value === 'max' || value === Number.POSITIVE_INFINITY) return 'max';
  if (typeof value === 'string' && value.includes('/')) {
    const [quota, period, ...more] = value.split('/');
    if (more.length > 0) return fail(name, expected, value);
    const length = microseconds(`${name}, the period`, period?.trim());
    if (length < PERIOD_MIN || length > PERIOD_MAX) {
      throw new RangeError(`${name}: a period lasts from 1ms to 1s: ${value}`);
    }
    const share =
      quota?.trim() === 'max' ? 'max' : microseconds(`${name}, the quota`, quota?.trim());
    return quotaText(name, share, length);
  }
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value)?.[1] : undefined;
  const processors = percent === undefined ? value : Number(percent) / 100;
  if (typeof processors !== 'number' || !Number.isFinite(processors)) {
    return fail(name, expected, value);
  }
  return quotaText(name, Math.round(processors * PERIOD), PERIOD);
}

function quotaText(name: string, quota: number | 'max', period: number): string {
  if (quota !== 'max' && quota < PERIOD_MIN) {
    throw new RangeError(`${name}: the kernel gives at least 1ms of a period, not ${quota}us`);
  }
  return `${quota} ${period}`;
}

/** A list of processors or memory nodes: `'0-3,7'`, or numbers. */
export function numberList(name: string, value: unknown): string {
  const expected = "a list such as '0-3,7', or numbers";
  if (Array.isArray(value)) {
    return value.map((item, i) => integer(`${name}[${i}]`, item, 0, 65_535)).join(',');
  }
  if (typeof value === 'string' && /^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(value)) return value;
  return fail(name, expected, value);
}

/** The numbers of such a list. */
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

/** A number of the kernel's; `max` is Infinity. */
export function parseCount(text: string): number {
  return text.trim() === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}
