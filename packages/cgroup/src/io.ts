// Limits of input and output, which hold for one device each.
import type { Duration } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';
import {
  bytes,
  count,
  integer,
  microseconds,
  type Setting,
  type SizeLimit,
} from './limit-values.js';

/** Limits of a block device. */
export interface IoMax {
  /** The numbers of the device: `'MAJOR:MINOR'`. */
  device: string;
  /** Bytes per second. */
  readBytes?: SizeLimit | undefined;
  writeBytes?: SizeLimit | undefined;
  /** Operations per second. */
  readOperations?: number | 'max' | undefined;
  writeOperations?: number | 'max' | undefined;
}

/** The latency that a group is protected up to, of one device. */
export interface IoLatency {
  /** The numbers of the device: `'MAJOR:MINOR'`. */
  device: string;
  /** The latency of requests beyond which other groups are slowed down. */
  target: Duration;
}

/** Limits of input and output. */
export interface IoLimits {
  max?: readonly IoMax[] | undefined;
  latency?: readonly IoLatency[] | undefined;
  /** Share among groups of the same parent, 1 to 10000. */
  weight?: number | undefined;
}

const device: Parser<string> = (value, name) =>
  typeof value === 'string' && /^\d+:\d+$/.test(value)
    ? value
    : parse.refuse(name, 'a device as MAJOR:MINOR', value);

const parseMax = parse.options({
  device: parse.required(device),
  readBytes: bytes,
  writeBytes: bytes,
  readOperations: count,
  writeOperations: count,
} satisfies Members<IoMax>);

const maximum: Parser<Setting> = (value, name) => {
  const { device, readBytes, writeBytes, readOperations, writeOperations } = parseMax(value, name);
  const keys = { rbps: readBytes, wbps: writeBytes, riops: readOperations, wiops: writeOperations };
  const words = Object.entries(keys).filter(([, limit]) => limit !== undefined);
  if (words.length === 0) parse.refuse(name, 'a device with a limit', value);
  return {
    file: 'io.max',
    value: [device, ...words.map(([key, limit]) => `${key}=${limit}`)].join(' '),
  };
};

const parseLatency = parse.options({
  device: parse.required(device),
  target: parse.required(microseconds),
} satisfies Members<IoLatency>);

const latency: Parser<Setting> = (value, name) => {
  const { device, target } = parseLatency(value, name);
  return { file: 'io.latency', value: `${device} target=${target}` };
};

const weight = integer(1, 10_000);

/** The parsers of {@link IoLimits}, as settings. */
export const ioMembers = {
  max: parse.list(maximum),
  latency: parse.list(latency),
  weight: (value: unknown, name: string): Setting[] => [
    { file: 'io.weight', value: weight(value, name) },
  ],
} satisfies Members<IoLimits>;
