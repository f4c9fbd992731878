// Limits of a group: typed, and as the files that the kernel reads.
import {
  bytes,
  type CpuMax,
  count,
  cpuMax,
  type Duration,
  integer,
  microseconds,
  numberList,
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
  /** Most swap. */
  swapMax?: Size;
  /** Most memory in compressed swap. */
  zswapMax?: Size;
  /** When memory runs out, end all processes of the group together. */
  oomGroup?: boolean;
}

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
  /** Share among groups of the same parent, 1 to 10000. */
  weight?: number;
  /** How late requests to a device may be before other groups are slowed down. */
  latency?: readonly { device: string; target: Duration }[];
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
  /** Huge pages, by their size: `{ '2MB': '64M' }`. */
  hugetlb?: Readonly<Record<string, Size>>;
  /** Scalar resources such as `sev`. */
  misc?: Readonly<Record<string, number | 'max'>>;
  /** How deep, and how many, groups may be below this one. */
  maxDepth?: number | 'max';
  maxDescendants?: number | 'max';
}

/** A value for a control file. */
export interface Setting {
  readonly file: string;
  readonly value: string;
}

type Encode = (name: string, value: unknown) => string;

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
    swapMax: ['memory.swap.max', bytes],
    zswapMax: ['memory.zswap.max', bytes],
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

function device(name: string, value: unknown): string {
  if (typeof value === 'string' && /^\d+:\d+$/.test(value)) return value;
  throw new TypeError(`${name} must be a device as MAJOR:MINOR: ${String(value)}`);
}

function ioMax(limit: IoMax, name: string): Setting {
  const words = [device(`${name}.device`, limit.device)];
  const add = (key: string, option: keyof IoMax, encode: Encode) => {
    if (limit[option] !== undefined)
      words.push(`${key}=${encode(`${name}.${option}`, limit[option])}`);
  };
  add('rbps', 'readBytes', bytes);
  add('wbps', 'writeBytes', bytes);
  add('riops', 'readOperations', count);
  add('wiops', 'writeOperations', count);
  if (words.length === 1) throw new TypeError(`${name} must limit something`);
  return { file: 'io.max', value: words.join(' ') };
}

function assertObject(name: string, value: unknown): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object: ${String(value)}`);
  }
}

function named(prefix: string, suffix: string, limits: unknown, encode: Encode): Setting[] {
  assertObject(prefix, limits);
  return Object.entries(limits).map(([key, value]) => {
    if (!/^\w+$/.test(key)) throw new TypeError(`${prefix}: not a name: ${JSON.stringify(key)}`);
    return { file: `${prefix}.${key}${suffix}`, value: encode(`${prefix}.${key}`, value) };
  });
}

function special(key: string, value: unknown): Setting[] | undefined {
  switch (key) {
    case 'hugetlb':
      return named('hugetlb', '.max', value, bytes);
    case 'misc':
      assertObject('misc', value);
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
  assertObject(controller, limits);
  const table = SINGLE[controller] ?? {};
  return Object.entries(limits).flatMap(([option, value]): Setting[] => {
    if (value === undefined) return [];
    const name = `${controller}.${option}`;
    if (controller === 'io' && (option === 'max' || option === 'latency')) {
      if (!Array.isArray(value)) throw new TypeError(`${name} must be a list: ${String(value)}`);
      return value.map((item, i) => {
        assertObject(`${name}[${i}]`, item);
        if (option === 'max') return ioMax(item as unknown as IoMax, `${name}[${i}]`);
        const target = microseconds(`${name}[${i}].target`, item.target);
        return {
          file: 'io.latency',
          value: `${device(`${name}[${i}].device`, item.device)} target=${target}`,
        };
      });
    }
    const [file, encode] = (Object.hasOwn(table, option) ? table[option] : undefined) ?? [];
    if (file === undefined || encode === undefined) {
      throw new TypeError(`${name} is not a limit; there are: ${Object.keys(table).join(', ')}`);
    }
    return [{ file, value: encode(name, value) }];
  });
}

/** What is to be written where. Throws for whatever the kernel could not take. */
export function settingsOf(limits: CgroupLimits): Setting[] {
  assertObject('limits', limits);
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
