// Usage of groups between two readings.
import type { Cgroup } from '@ns/cgroup';
import { eachChild } from './group.js';

interface Reading {
  readonly path: string;
  /** Microseconds of processor time. */
  readonly cpu: number;
  readonly memory?: number;
  readonly processes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

/** Readings of a group and all groups below it. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly groups: ReadonlyMap<string, Reading>;
}

/** Usage of a group: processor time in percent of one processor, bytes per second. */
export interface UsageRate {
  readonly path: string;
  readonly cpuPercent: number;
  readonly memory?: number;
  readonly processes: number;
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
}

function* readings(group: Cgroup): Generator<Reading> {
  const { cpu, memory, io = {}, pids } = group.readUsage();
  const sum = (name: string) =>
    Object.values(io).reduce((total, device) => total + (device[name] ?? 0), 0);
  yield {
    path: group.path,
    cpu: cpu?.usage_usec ?? 0,
    ...(memory === undefined ? {} : { memory: memory.current }),
    processes: pids?.current ?? group.listProcesses().length,
    readBytes: sum('rbytes'),
    writeBytes: sum('wbytes'),
  };
  yield* eachChild(group, (child) => [...readings(child)]).flat();
}

/** Reads a group and all groups below it. */
export function readSample(group: Cgroup): Sample {
  const groups = new Map([...readings(group)].map((reading) => [reading.path, reading]));
  return { at: performance.now(), groups };
}

/** Returns the usage between two samples, the busiest group first. */
export function usageRates(before: Sample, after: Sample): UsageRate[] {
  const seconds = (after.at - before.at) / 1000;
  return [...after.groups.values()]
    .map((now) => {
      const then = before.groups.get(now.path) ?? now;
      const rate = (name: 'cpu' | 'readBytes' | 'writeBytes') =>
        Math.max(0, now[name] - then[name]) / seconds;
      return {
        path: now.path,
        cpuPercent: Math.round(rate('cpu') / 1000) / 10,
        ...(now.memory === undefined ? {} : { memory: now.memory }),
        processes: now.processes,
        readBytesPerSecond: Math.round(rate('readBytes')),
        writeBytesPerSecond: Math.round(rate('writeBytes')),
      };
    })
    .sort((a, b) => b.cpuPercent - a.cpuPercent || (b.memory ?? 0) - (a.memory ?? 0));
}
