// The resource usage of a group: every file is read once.
import type { ControlFiles } from './control-files.js';
import { existing, hugePageSizes, reader } from './exists.js';
import {
  type Counters,
  type Pressure,
  parseFlat,
  parseNested,
  parsePressure,
} from './flat-keyed.js';
import { parseCount } from './limit-values.js';

/** Usage of huge pages of one size by a group. */
export interface HugePageUsage {
  /** Bytes in use. */
  readonly current: number;
  /** Bytes that are reserved. Linux 5.7. */
  readonly reserved?: number;
  /** `max`: the number of allocations that the limit refused. */
  readonly events?: Counters;
  /** Bytes by node (`N0`), and in all. Linux 5.17. */
  readonly numa?: Counters;
}

/** The resource usage of a group. A field is missing if its controller does not report it. */
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
    /** memory.swap.events: `high`, `max`, `fail`. */
    readonly swapEvents?: Counters;
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
  /** Huge pages, by their size: `2MB`. */
  readonly hugetlb?: Readonly<Record<string, HugePageUsage>>;
  readonly misc?: Counters;
  /** Pressure by resource. */
  readonly pressure: Readonly<Partial<Record<'cpu' | 'memory' | 'io' | 'irq', Pressure>>>;
  /** cgroup.stat: `nr_descendants`, `nr_dying_descendants`. */
  readonly stat: Counters;
}

function hugePages(files: ControlFiles): CgroupUsage['hugetlb'] {
  const read = reader(files);
  const entries = hugePageSizes(files).map((size) => [
    size,
    existing<HugePageUsage>({
      current: read(`hugetlb.${size}.current`, parseCount) ?? 0,
      reserved: read(`hugetlb.${size}.rsvd.current`, parseCount),
      events: read(`hugetlb.${size}.events`, parseFlat),
      // One line without a key: total=0 N0=0.
      numa: read(`hugetlb.${size}.numa_stat`, (text) => parseNested(`all ${text}`).all ?? {}),
    }),
  ]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Reads everything that the group's controllers report. */
export function usageOf(files: ControlFiles): CgroupUsage {
  const read = reader(files);
  const memory = read('memory.current', parseCount);
  const pids = read('pids.current', parseCount);
  type Memory = NonNullable<CgroupUsage['memory']>;
  type Pids = NonNullable<CgroupUsage['pids']>;
  return existing<CgroupUsage>({
    cpu: read('cpu.stat', parseFlat),
    memory:
      memory === undefined
        ? undefined
        : existing<Memory>({
            current: memory,
            peak: read('memory.peak', parseCount),
            swap: read('memory.swap.current', parseCount),
            swapPeak: read('memory.swap.peak', parseCount),
            swapEvents: read('memory.swap.events', parseFlat),
            zswap: read('memory.zswap.current', parseCount),
            stat: read('memory.stat', parseFlat),
            events: read('memory.events', parseFlat),
            numa: read('memory.numa_stat', parseNested),
          }),
    io: read('io.stat', parseNested),
    pids:
      pids === undefined
        ? undefined
        : existing<Pids>({
            current: pids,
            peak: read('pids.peak', parseCount),
            events: read('pids.events', parseFlat),
          }),
    hugetlb: hugePages(files),
    misc: read('misc.current', parseFlat),
    pressure: existing<CgroupUsage['pressure']>({
      cpu: read('cpu.pressure', parsePressure),
      memory: read('memory.pressure', parsePressure),
      io: read('io.pressure', parsePressure),
      irq: read('irq.pressure', parsePressure),
    }),
    stat: read('cgroup.stat', parseFlat) ?? {},
  });
}
