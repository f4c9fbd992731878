// The limits of a group as they are in force: every file is read once.
import type { ControlFiles } from './control-files.js';
import { existing, hugePageSizes, reader } from './exists.js';
import { type Counters, parseFlat, parseNested } from './flat-keyed.js';
import { parseCount, parseNumberList } from './limit-values.js';

/** Limits in force: Infinity for no limit, missing if the controller is not enabled. */
export interface CurrentLimits {
  readonly cpu?: {
    /** Microseconds of each period. */
    readonly quota: number;
    readonly period: number;
    /** Microseconds that may be spent beyond the quota. */
    readonly maxBurst?: number;
    readonly weight?: number;
    readonly idle?: boolean;
    /** In percent; Infinity for `max`. */
    readonly uclampMin?: number;
    readonly uclampMax?: number;
  };
  readonly memory?: {
    readonly max: number;
    readonly high: number;
    readonly low: number;
    readonly min: number;
    readonly swapHigh?: number;
    readonly swapMax?: number;
    readonly zswapMax?: number;
    readonly zswapWriteback?: boolean;
    readonly oomGroup?: boolean;
  };
  readonly pids?: { readonly max: number };
  readonly io?: {
    /** `rbps`, `wbps`, `riops`, `wiops` of each device. */
    readonly max: Readonly<Record<string, Counters>>;
    /** `target` of each device, in microseconds. */
    readonly latency?: Readonly<Record<string, Counters>>;
    readonly weight?: number;
  };
  /** The processors and memory nodes in effect. */
  readonly cpuset?: {
    readonly cpus: readonly number[];
    readonly mems: readonly number[];
    readonly partition?: string;
  };
  /** Of each size of pages, and of its reserved ones: `2MB`, `2MB.rsvd`. */
  readonly hugetlb?: Counters;
  readonly misc?: Counters;
  readonly maxDepth?: number;
  readonly maxDescendants?: number;
}

const flagOf = (text: string) => text.trim() === '1';

function hugePages(files: ControlFiles): Counters | undefined {
  const sizes = hugePageSizes(files);
  if (sizes.length === 0) return undefined;
  const names = sizes.flatMap((size) => [size, `${size}.rsvd`]);
  return Object.fromEntries(
    names.map((name) => [name, parseCount(files.read(`hugetlb.${name}.max`))]),
  );
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
  return existing<CurrentLimits>({
    cpu:
      cpu &&
      existing<Limits['cpu']>({
        quota: cpu[0] ?? Number.POSITIVE_INFINITY,
        period: cpu[1] ?? 100_000,
        maxBurst: read('cpu.max.burst', parseCount),
        weight: read('cpu.weight', parseCount),
        idle: read('cpu.idle', flagOf),
        uclampMin: read('cpu.uclamp.min', parseCount),
        uclampMax: read('cpu.uclamp.max', parseCount),
      }),
    memory:
      memory === undefined
        ? undefined
        : existing<Limits['memory']>({
            max: memory,
            high: read('memory.high', parseCount) ?? Number.POSITIVE_INFINITY,
            low: read('memory.low', parseCount) ?? 0,
            min: read('memory.min', parseCount) ?? 0,
            swapHigh: read('memory.swap.high', parseCount),
            swapMax: read('memory.swap.max', parseCount),
            zswapMax: read('memory.zswap.max', parseCount),
            zswapWriteback: read('memory.zswap.writeback', flagOf),
            oomGroup: read('memory.oom.group', flagOf),
          }),
    pids: pids === undefined ? undefined : { max: pids },
    io:
      io &&
      existing<Limits['io']>({
        max: io,
        latency: read('io.latency', parseNested),
        weight: read('io.weight', (text) => parseFlat(text).default ?? 100),
      }),
    cpuset:
      cpus &&
      existing<Limits['cpuset']>({
        cpus,
        mems: read('cpuset.mems.effective', parseNumberList) ?? [],
        partition: read('cpuset.cpus.partition', (text) => text.trim()),
      }),
    hugetlb: hugePages(files),
    misc: read('misc.max', parseFlat),
    maxDepth: read('cgroup.max.depth', parseCount),
    maxDescendants: read('cgroup.max.descendants', parseCount),
  });
}
