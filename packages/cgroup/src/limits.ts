// Limits of a group: typed, and as the files that the kernel reads.
import type { Duration } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';
import { type IoLimits, ioMembers } from './io.js';
import {
  bytes,
  type CpuMax,
  count,
  cpuMax,
  integer,
  microseconds,
  numberList,
  type Setting,
  type SizeLimit,
} from './limit-values.js';

/** Limits of processor time. @see cgroup(7), kernel documentation cgroup-v2 "CPU" */
export interface CpuLimits {
  /** Most processor time. `'max'` for no limit. */
  max?: CpuMax | undefined;
  /** Processor time beyond `max` that unused quota of earlier periods allows. Linux 5.14. */
  maxBurst?: Duration | undefined;
  /** Share among groups of the same parent, 1 to 10000. The kernel's default: 100. */
  weight?: number | undefined;
  /** Runs only on processors that are idle otherwise. Linux 5.15. */
  idle?: boolean | undefined;
  /** Least and most performance that the scheduler asks of the processor, in percent. */
  uclampMin?: number | 'max' | undefined;
  uclampMax?: number | 'max' | undefined;
}

/** Limits of memory. */
export interface MemoryLimits {
  /** Beyond it the kernel kills processes of the group. */
  max?: SizeLimit | undefined;
  /** Beyond it processes are slowed down and memory is reclaimed. */
  high?: SizeLimit | undefined;
  /** Memory below it is reclaimed only if other groups have none left. */
  low?: SizeLimit | undefined;
  /** Memory below it is never reclaimed. */
  min?: SizeLimit | undefined;
  /** Most swap beyond which processes are slowed down. Linux 5.8. */
  swapHigh?: SizeLimit | undefined;
  /** Most swap. */
  swapMax?: SizeLimit | undefined;
  /** Most memory in compressed swap. */
  zswapMax?: SizeLimit | undefined;
  /** Allows to write compressed swap to a swap device. Linux 6.8. */
  zswapWriteback?: boolean | undefined;
  /** Kills all processes of the group together when memory runs out. */
  oomGroup?: boolean | undefined;
}

/** Processors and memory nodes of a group. */
export interface CpusetLimits {
  cpus?: string | readonly number[] | undefined;
  mems?: string | readonly number[] | undefined;
  /** `root`, `isolated` or `member`. */
  partition?: 'member' | 'root' | 'isolated' | undefined;
}

/** Limits of a group. Limits that are left out stay as they are. */
export interface CgroupLimits {
  cpu?: CpuLimits | undefined;
  memory?: MemoryLimits | undefined;
  io?: IoLimits | undefined;
  cpuset?: CpusetLimits | undefined;
  pids?: { max?: number | 'max' } | undefined;
  /** Huge pages in use, by their size, and reserved ones: `{ '2MB': '64M', '2MB.rsvd': '64M' }`. */
  hugetlb?: Readonly<Record<string, SizeLimit>> | undefined;
  /** Scalar resources such as `sev`. */
  misc?: Readonly<Record<string, number | 'max'>> | undefined;
  /** Largest depth and number of the groups below this one. */
  maxDepth?: number | 'max' | undefined;
  maxDescendants?: number | 'max' | undefined;
}

const flag: Parser<string> = (value, name) => (parse.boolean(value, name) ? '1' : '0');
const weight = integer(1, 10_000);
const percent: Parser<string> = (value, name) => {
  const expected = "a percentage from 0 to 100 or 'max'";
  if (value === 'max') return 'max';
  if (typeof value !== 'number') return parse.refuse(name, expected, value);
  return value >= 0 && value <= 100 ? value.toFixed(2) : parse.outOfRange(name, expected, value);
};

/** Returns the parser of a value that is written into one file. */
function into(file: string, parser: Parser<string>): Parser<Setting[]> {
  return (value, name) => [{ file, value: parser(value, name) }];
}

/** Returns the parser of an object whose members are settings, in the order of the shape. */
function settings(shape: Readonly<Record<string, Parser<Setting[]>>>): Parser<Setting[]> {
  const parser = parse.options(shape);
  return (value, name) => Object.values(parser(value, name)).flatMap((list) => list ?? []);
}

/** Returns the parser of an object whose keys match a pattern. */
function keyed(pattern: RegExp, expected: string, encode: Encode): Parser<Setting[]> {
  return (value, name) =>
    Object.entries(parse.ownMembers(value, name)).map(([key, one]) => {
      if (!pattern.test(key)) parse.refuse(`a key of ${name}`, expected, key);
      return encode(key, one, `${name}.${key}`);
    });
}

type Encode = (key: string, value: unknown, name: string) => Setting;

// The kernel judges some values by others, a partition by its processors: the order of members counts.
const cpuMembers = {
  max: into('cpu.max', cpuMax),
  maxBurst: into('cpu.max.burst', microseconds),
  weight: into('cpu.weight', weight),
  idle: into('cpu.idle', flag),
  uclampMin: into('cpu.uclamp.min', percent),
  uclampMax: into('cpu.uclamp.max', percent),
} satisfies Members<CpuLimits>;

const memoryMembers = {
  max: into('memory.max', bytes),
  high: into('memory.high', bytes),
  low: into('memory.low', bytes),
  min: into('memory.min', bytes),
  swapHigh: into('memory.swap.high', bytes),
  swapMax: into('memory.swap.max', bytes),
  zswapMax: into('memory.zswap.max', bytes),
  zswapWriteback: into('memory.zswap.writeback', flag),
  oomGroup: into('memory.oom.group', flag),
} satisfies Members<MemoryLimits>;

const cpusetMembers = {
  cpus: into('cpuset.cpus', numberList),
  mems: into('cpuset.mems', numberList),
  partition: into('cpuset.cpus.partition', parse.oneOf('member', 'root', 'isolated')),
} satisfies Members<CpusetLimits>;

const limitMembers = {
  cpu: settings(cpuMembers),
  memory: settings(memoryMembers),
  io: settings(ioMembers),
  cpuset: settings(cpusetMembers),
  pids: settings({ max: into('pids.max', count) }),
  hugetlb: keyed(/^\w+(\.rsvd)?$/, 'a size of pages', (key, value, name) => ({
    file: `hugetlb.${key}.max`,
    value: bytes(value, name),
  })),
  misc: keyed(/^\w+$/, 'the name of a resource', (key, value, name) => ({
    file: 'misc.max',
    value: `${key} ${count(value, name)}`,
  })),
  maxDepth: into('cgroup.max.depth', count),
  maxDescendants: into('cgroup.max.descendants', count),
} satisfies Members<CgroupLimits>;

const parseLimits = settings(limitMembers);

/**
 * Returns the settings for limits, in the order of writing. Nothing is written.
 *
 * @throws {TypeError | RangeError} for a limit that the kernel could not take
 * @example settingsOf({ memory: { max: '1M' } }) // [{ file: 'memory.max', value: '1048576' }]
 */
export function settingsOf(limits: CgroupLimits): Setting[] {
  return parseLimits(limits, 'limits');
}

/** Returns the controllers that settings need. */
export function controllersOf(settings: readonly Setting[]): string[] {
  const names = settings.map(({ file }) => file.split('.')[0] ?? '');
  return [...new Set(names)].filter((name) => name !== 'cgroup');
}
