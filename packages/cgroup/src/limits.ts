// Limits of a group: typed, and as the files that the kernel reads.
import { assertObject } from '@ns/core/authors';
import { type IoLimits, ioLists, ioSettings } from './io.js';
import {
  bytes,
  type CpuMax,
  count,
  cpuMax,
  type Duration,
  type Encode,
  integer,
  microseconds,
  numberList,
  type Setting,
  type Size,
} from './values.js';

/** Limits of processor time. @see cgroup(7), kernel documentation cgroup-v2 "CPU" */
export interface CpuLimits {
  /** Most processor time. `'max'` for no limit. */
  max?: CpuMax;
  /** Processor time beyond `max` that unused quota of earlier periods allows. Linux 5.14. */
  maxBurst?: Duration;
  /** Share among groups of the same parent, 1 to 10000. The kernel's default: 100. */
  weight?: number;
  /** Run only when nobody else wants to. Linux 5.15. */
  idle?: boolean;
  /** Least and most performance that the scheduler asks of the processor, in percent. */
  uclampMin?: number | 'max';
  uclampMax?: number | 'max';
}

/** Limits of memory. */
export interface MemoryLimits {
  /** Beyond it the kernel ends processes of the group. */
  max?: Size;
  /** Beyond it processes are slowed down and memory is taken back. */
  high?: Size;
  /** What is only taken back when nobody else has any. */
  low?: Size;
  /** What is never taken back. */
  min?: Size;
  /** Most swap beyond which processes are slowed down. Linux 5.8. */
  swapHigh?: Size;
  /** Most swap. */
  swapMax?: Size;
  /** Most memory in compressed swap. */
  zswapMax?: Size;
  /** Whether compressed swap may be written out to the real one. Linux 6.8. */
  zswapWriteback?: boolean;
  /** When memory runs out, end all processes of the group together. */
  oomGroup?: boolean;
}

/** Which processors and memory nodes a group uses. */
export interface CpusetLimits {
  cpus?: string | readonly number[];
  mems?: string | readonly number[];
  /** `root`, `isolated` or `member`. */
  partition?: 'member' | 'root' | 'isolated';
}

/** Limits of a group. What is not named stays as it is. */
export interface CgroupLimits {
  cpu?: CpuLimits;
  memory?: MemoryLimits;
  io?: IoLimits;
  cpuset?: CpusetLimits;
  pids?: { max?: number | 'max' };
  /** Huge pages in use, by their size, and reserved ones: `{ '2MB': '64M', '2MB.rsvd': '64M' }`. */
  hugetlb?: Readonly<Record<string, Size>>;
  /** Scalar resources such as `sev`. */
  misc?: Readonly<Record<string, number | 'max'>>;
  /** How deep, and how many, groups may be below this one. */
  maxDepth?: number | 'max';
  maxDescendants?: number | 'max';
}

const flag: Encode = (name, value) => {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be a boolean: ${String(value)}`);
  return value ? '1' : '0';
};
const weight: Encode = (name, value) => integer(name, value, 1, 10_000);
const percent: Encode = (name, value) => {
  if (value === 'max') return 'max';
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) {
    throw new RangeError(`${name} must be a percentage or 'max': ${String(value)}`);
  }
  return value.toFixed(2);
};
const partition: Encode = (name, value) => {
  if (value === 'member' || value === 'root' || value === 'isolated') return value;
  throw new TypeError(`${name} must be member, root or isolated: ${String(value)}`);
};

/** Options that are one value in one file. */
const SINGLE: Readonly<Record<string, Readonly<Record<string, readonly [string, Encode]>>>> = {
  cpu: {
    max: ['cpu.max', cpuMax],
    maxBurst: ['cpu.max.burst', (name, value) => String(microseconds(name, value))],
    weight: ['cpu.weight', weight],
    idle: ['cpu.idle', flag],
    uclampMin: ['cpu.uclamp.min', percent],
    uclampMax: ['cpu.uclamp.max', percent],
  },
  memory: {
    max: ['memory.max', bytes],
    high: ['memory.high', bytes],
    low: ['memory.low', bytes],
    min: ['memory.min', bytes],
    swapHigh: ['memory.swap.high', bytes],
    swapMax: ['memory.swap.max', bytes],
    zswapMax: ['memory.zswap.max', bytes],
    zswapWriteback: ['memory.zswap.writeback', flag],
    oomGroup: ['memory.oom.group', flag],
  },
  io: { weight: ['io.weight', weight] },
  cpuset: {
    cpus: ['cpuset.cpus', numberList],
    mems: ['cpuset.mems', numberList],
    partition: ['cpuset.cpus.partition', partition],
  },
  pids: { max: ['pids.max', count] },
};

function hugePages(limits: unknown): Setting[] {
  assertObject(limits, 'hugetlb');
  return Object.entries(limits).map(([key, value]) => {
    if (!/^\w+(\.rsvd)?$/.test(key)) {
      throw new TypeError(`hugetlb: not a size of pages: ${JSON.stringify(key)}`);
    }
    return { file: `hugetlb.${key}.max`, value: bytes(`hugetlb.${key}`, value) };
  });
}

function special(key: string, value: unknown): Setting[] | undefined {
  switch (key) {
    case 'hugetlb':
      return hugePages(value);
    case 'misc':
      assertObject(value, 'misc');
      return Object.entries(value).map(([name, max]) => {
        if (!/^\w+$/.test(name)) throw new TypeError(`misc: not a name: ${JSON.stringify(name)}`);
        return { file: 'misc.max', value: `${name} ${count(`misc.${name}`, max)}` };
      });
    case 'maxDepth':
      return [{ file: 'cgroup.max.depth', value: count(key, value) }];
    case 'maxDescendants':
      return [{ file: 'cgroup.max.descendants', value: count(key, value) }];
    default:
      return undefined;
  }
}

function controllerSettings(controller: string, limits: unknown): Setting[] {
  assertObject(limits, controller);
  const table = SINGLE[controller] ?? {};
  const lists: Readonly<Record<string, unknown>> = controller === 'io' ? ioLists : {};
  const options = [...Object.keys(lists), ...Object.keys(table)];
  for (const option of Object.keys(limits)) {
    if (options.includes(option)) continue;
    throw new TypeError(`${controller}.${option} is not a limit; there are: ${options.join(', ')}`);
  }
  // In the order of the table: the kernel judges some values by others, a partition by its processors.
  return options.flatMap((option): Setting[] => {
    const value = limits[option];
    if (value === undefined) return [];
    const name = `${controller}.${option}`;
    const single = table[option];
    if (single !== undefined) return [{ file: single[0], value: single[1](name, value) }];
    return ioSettings(option as keyof typeof ioLists, name, value);
  });
}

/**
 * What is to be written into which file for these limits, in this order: nothing is written.
 *
 * @throws {TypeError | RangeError} for whatever the kernel could not take
 * @example settingsOf({ memory: { max: '1M' } }) // [{ file: 'memory.max', value: '1048576' }]
 */
export function settingsOf(limits: CgroupLimits): Setting[] {
  assertObject(limits, 'limits');
  return Object.entries(limits as Record<string, unknown>).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const settings = special(key, value);
    if (settings !== undefined) return settings;
    if (!Object.hasOwn(SINGLE, key))
      throw new TypeError(`limits.${key} is not a controller's name`);
    return controllerSettings(key, value);
  });
}

/** The controllers that these settings need. */
export function controllersOf(settings: readonly Setting[]): string[] {
  const names = settings.map(({ file }) => file.split('.')[0] ?? '');
  return [...new Set(names)].filter((name) => name !== 'cgroup');
}
