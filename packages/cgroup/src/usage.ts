// What a group uses, and what its limits are: every file is read once.
import type { ControlFiles } from './files.js';
import { type Counters, type Pressure, parseFlat, parseNested, parsePressure } from './flat.js';
import { parseCount, parseNumberList } from './values.js';

/** What a group uses. What its controllers do not tell is missing. */
export interface CgroupUsage {
  /** cpu.stat: `usage_usec`, `user_usec`, `system_usec`, `nr_throttled`, ... */
  readonly cpu?: Counters;
  readonly memory?: {
    /** Bytes in use. */
    readonly current: number;
    /** Most bytes that were in use. Linux 5.19. */
    readonly peak?: number;
    readonly swap?: number;
    readonly swapPeak?: number;
    readonly zswap?: number;
    /** memory.stat: `anon`, `file`, `slab`, ... in bytes. */
    readonly stat?: Counters;
    /** memory.events: `low`, `high`, `max`, `oom`, `oom_kill`, ... */
    readonly events?: Counters;
    /** memory.numa_stat: bytes by node (`N0`), for each kind. */
    readonly numa?: Readonly<Record<string, Counters>>;
  };
  /** io.stat: `rbytes`, `wbytes`, `rios`, `wios`, ... of each device. */
  readonly io?: Readonly<Record<string, Counters>>;
  readonly pids?: { readonly current: number; readonly peak?: number; readonly events?: Counters };
  /** Bytes in huge pages, by their size. */
  readonly hugetlb?: Counters;
  readonly misc?: Counters;
  /** Pressure by resource. */
  readonly pressure: Readonly<Partial<Record<'cpu' | 'memory' | 'io' | 'irq', Pressure>>>;
  /** cgroup.stat: `nr_descendants`, `nr_dying_descendants`. */
  readonly stat: Counters;
}

/** Limits as they are in force. Infinity where there is none, missing where there is no controller. */
export interface CurrentLimits {
  readonly cpu?: {
    /** Microseconds of each period. */
    readonly quota: number;
    readonly period: number;
    readonly weight?: number;
    readonly idle?: boolean;
  };
  readonly memory?: {
    readonly max: number;
    readonly high: number;
    readonly low: number;
    readonly min: number;
    readonly swapMax?: number;
    readonly zswapMax?: number;
    readonly oomGroup?: boolean;
  };
  readonly pids?: { readonly max: number };
  readonly io?: {
    /** `rbps`, `wbps`, `riops`, `wiops` of each device. */
    readonly max: Readonly<Record<string, Counters>>;
    readonly weight?: number;
  };
  /** The processors and memory nodes that are really used. */
  readonly cpuset?: {
    readonly cpus: readonly number[];
    readonly mems: readonly number[];
    readonly partition?: string;
  };
  readonly hugetlb?: Counters;
  readonly misc?: Counters;
  readonly maxDepth?: number;
  readonly maxDescendants?: number;
}

type Parse<Value> = (text: string) => Value;

function reader(files: ControlFiles) {
  return <Value>(file: string, parse: Parse<Value>): Value | undefined => {
    const text = files.readIfThere(file);
    return text === undefined ? undefined : parse(text);
  };
}

/** Leaves out what is not there. */
function present<Value extends object>(
  value: { [Key in keyof Value]: Value[Key] | undefined },
): Value {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Value;
}

const flagOf = (text: string) => text.trim() === '1';

/** hugetlb.SIZE.WHAT, for each size that this machine has. */
function hugetlb(files: ControlFiles, what: 'current' | 'max'): Counters | undefined {
  const names = files.names().flatMap((name) => {
    const size = /^hugetlb\.(\w+)\.current$/.exec(name)?.[1];
    return size === undefined ? [] : [size];
  });
  if (names.length === 0) return undefined;
  return Object.fromEntries(
    names.map((size) => [size, parseCount(files.read(`hugetlb.${size}.${what}`))]),
  );
}

/** Reads everything that the group's controllers tell. */
export function usageOf(files: ControlFiles): CgroupUsage {
  const read = reader(files);
  const memory = read('memory.current', parseCount);
  const pids = read('pids.current', parseCount);
  type Memory = NonNullable<CgroupUsage['memory']>;
  type Pids = NonNullable<CgroupUsage['pids']>;
  return present<CgroupUsage>({
    cpu: read('cpu.stat', parseFlat),
    memory:
      memory === undefined
        ? undefined
        : present<Memory>({
            current: memory,
            peak: read('memory.peak', parseCount),
            swap: read('memory.swap.current', parseCount),
            swapPeak: read('memory.swap.peak', parseCount),
            zswap: read('memory.zswap.current', parseCount),
            stat: read('memory.stat', parseFlat),
            events: read('memory.events', parseFlat),
            numa: read('memory.numa_stat', parseNested),
          }),
    io: read('io.stat', parseNested),
    pids:
      pids === undefined
        ? undefined
        : present<Pids>({
            current: pids,
            peak: read('pids.peak', parseCount),
            events: read('pids.events', parseFlat),
          }),
    hugetlb: hugetlb(files, 'current'),
    misc: read('misc.current', parseFlat),
    pressure: present<CgroupUsage['pressure']>({
      cpu: read('cpu.pressure', parsePressure),
      memory: read('memory.pressure', parsePressure),
      io: read('io.pressure', parsePressure),
      irq: read('irq.pressure', parsePressure),
    }),
    stat: read('cgroup.stat', parseFlat) ?? {},
  });
}

/** Reads the limits. */
export function limitsOf(files: ControlFiles): CurrentLimits {
  const read = reader(files);
  const cpu = read('cpu.max', (text) => text.trim().split(' ').map(parseCount));
  const memory = read('memory.max', parseCount);
  const pids = read('pids.max', parseCount);
  const io = read('io.max', parseNested);
  const cpus = read('cpuset.cpus.effective', parseNumberList);
  type Limits = Required<CurrentLimits>;
  return present<CurrentLimits>({
    cpu:
      cpu &&
      present<Limits['cpu']>({
        quota: cpu[0] ?? Number.POSITIVE_INFINITY,
        period: cpu[1] ?? 100_000,
        weight: read('cpu.weight', parseCount),
        idle: read('cpu.idle', flagOf),
      }),
    memory:
      memory === undefined
        ? undefined
        : present<Limits['memory']>({
            max: memory,
            high: read('memory.high', parseCount) ?? Number.POSITIVE_INFINITY,
            low: read('memory.low', parseCount) ?? 0,
            min: read('memory.min', parseCount) ?? 0,
            swapMax: read('memory.swap.max', parseCount),
            zswapMax: read('memory.zswap.max', parseCount),
            oomGroup: read('memory.oom.group', flagOf),
          }),
    pids: pids === undefined ? undefined : { max: pids },
    io:
      io &&
      present<Limits['io']>({
        max: io,
        weight: read('io.weight', (text) => parseFlat(text).default ?? 100),
      }),
    cpuset:
      cpus &&
      present<Limits['cpuset']>({
        cpus,
        mems: read('cpuset.mems.effective', parseNumberList) ?? [],
        partition: read('cpuset.cpus.partition', (text) => text.trim()),
      }),
    hugetlb: hugetlb(files, 'max'),
    misc: read('misc.max', parseFlat),
    maxDepth: read('cgroup.max.depth', parseCount),
    maxDescendants: read('cgroup.max.descendants', parseCount),
  });
}
