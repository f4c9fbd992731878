// `ns cgroup top`: what groups use, again and again, the busiest first.
import { setTimeout as delay } from 'node:timers/promises';
import type { Cgroup } from '@ns/cgroup';
import { type Given, UsageError } from '../options.js';
import { print, printable, printJson } from '../output.js';
import { type Column, table } from '../table.js';
import { eachChild, sizeText } from './view.js';

/** What a terminal in raw mode gives for Ctrl-C. */
const CTRL_C = 3;

interface Reading {
  readonly path: string;
  /** Microseconds of processor time. */
  readonly cpu: number;
  readonly memory?: number;
  readonly processes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly groups: ReadonlyMap<string, Reading>;
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

function sample(group: Cgroup): Sample {
  const groups = new Map([...readings(group)].map((one) => [one.path, one]));
  return { at: performance.now(), groups };
}

/** What was used between two samples: processor time in percent of one, bytes per second. */
function rates(before: Sample, after: Sample) {
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

const columns: readonly Column[] = [
  { title: '%CPU', right: true },
  { title: 'MEMORY', right: true },
  { title: 'PROCESSES', right: true },
  { title: 'READ/s', right: true },
  { title: 'WRITE/s', right: true },
  { title: 'GROUP' },
];

function lines(list: ReturnType<typeof rates>): string[] {
  const rows = list.map((one) => [
    one.cpuPercent.toFixed(1),
    one.memory === undefined ? '' : sizeText(one.memory),
    String(one.processes),
    sizeText(one.readBytesPerSecond),
    sizeText(one.writeBytesPerSecond),
    printable(one.path),
  ]);
  return table(columns, rows, { columns: process.stdout.columns });
}

/** Ends with q or Ctrl-C, at a terminal; elsewhere only by a signal. */
function untilQuit(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const { stdin } = process;
  if (!stdin.isTTY) return { signal: controller.signal, end: () => {} };
  const onKey = (keys: Buffer) => {
    if (keys.includes('q') || keys.includes(CTRL_C)) controller.abort();
  };
  stdin.setRawMode(true).on('data', onKey);
  const end = () => {
    stdin.off('data', onKey).setRawMode(false).pause();
  };
  return { signal: controller.signal, end };
}

function interval(given: Given): number {
  const text = given.value('delay') ?? '1';
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 0.05 && seconds <= 86_400) return seconds * 1000;
  throw new UsageError(`--delay must be seconds, at least 0.05: '${text}'`);
}

/** `ns cgroup top`. */
export async function top(group: Cgroup, given: Given): Promise<void> {
  const pause = interval(given);
  const once = given.has('once');
  const quit = once ? undefined : untilQuit();
  try {
    let before = sample(group);
    do {
      await delay(pause, undefined, quit === undefined ? {} : { signal: quit.signal });
      const after = sample(group);
      const list = rates(before, after);
      before = after;
      if (given.has('json')) printJson({ groups: list }, { line: !once });
      else if (once || !process.stdout.isTTY) lines(list).forEach(print);
      else {
        const shown = lines(list).slice(0, (process.stdout.rows ?? 25) - 1);
        process.stdout.write(`\x1b[H\x1b[J${shown.join('\r\n')}\r\n`);
      }
    } while (!once);
  } catch (error) {
    if (!quit?.signal.aborted) throw error;
  } finally {
    quit?.end();
  }
}
