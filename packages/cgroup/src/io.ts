// Limits of input and output, which are for one device each.
import { assertObject } from '@ns/core/authors';
import {
  bytes,
  count,
  type Duration,
  type Encode,
  microseconds,
  type Setting,
  type Size,
} from './values.js';

/** Limits of a block device, given as `'MAJOR:MINOR'`. */
export interface IoMax {
  device: string;
  /** Bytes and operations per second. */
  readBytes?: Size;
  writeBytes?: Size;
  readOperations?: number | 'max';
  writeOperations?: number | 'max';
}

/** Limits of input and output. */
export interface IoLimits {
  max?: readonly IoMax[];
  /** How late requests to a device may be before other groups are slowed down. */
  latency?: readonly { device: string; target: Duration }[];
  /** Share among groups of the same parent, 1 to 10000. */
  weight?: number;
}

function device(name: string, value: unknown): string {
  if (typeof value === 'string' && /^\d+:\d+$/.test(value)) return value;
  throw new TypeError(`${name} must be a device as MAJOR:MINOR: ${String(value)}`);
}

const maxima: Readonly<Record<string, readonly [key: string, encode: Encode]>> = {
  readBytes: ['rbps', bytes],
  writeBytes: ['wbps', bytes],
  readOperations: ['riops', count],
  writeOperations: ['wiops', count],
};

function maximum(name: string, limit: Readonly<Record<string, unknown>>): Setting {
  const words = [device(`${name}.device`, limit.device)];
  for (const [option, value] of Object.entries(limit)) {
    if (option === 'device' || value === undefined) continue;
    const [key, encode] = (Object.hasOwn(maxima, option) ? maxima[option] : undefined) ?? [];
    if (key === undefined || encode === undefined) {
      throw new TypeError(
        `${name}.${option} is not a limit; there are: ${Object.keys(maxima).join(', ')}`,
      );
    }
    words.push(`${key}=${encode(`${name}.${option}`, value)}`);
  }
  if (words.length === 1) throw new TypeError(`${name} must limit something`);
  return { file: 'io.max', value: words.join(' ') };
}

function latency(name: string, limit: Readonly<Record<string, unknown>>): Setting {
  const target = microseconds(`${name}.target`, limit.target);
  const value = `${device(`${name}.device`, limit.device)} target=${target}`;
  return { file: 'io.latency', value };
}

/** Options that are lists, with an entry for each device. */
export const ioLists = { max: maximum, latency };

/** What is to be written for such a list. */
export function ioSettings(option: keyof typeof ioLists, name: string, list: unknown): Setting[] {
  if (!Array.isArray(list)) throw new TypeError(`${name} must be a list: ${String(list)}`);
  return list.map((item: unknown, i) => {
    assertObject(item, `${name}[${i}]`);
    return ioLists[option](`${name}[${i}]`, item);
  });
}
