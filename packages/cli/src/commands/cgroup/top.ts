// `ns cgroup top`: prints the usage of groups again and again, the busiest first.
import { setTimeout as delay } from 'node:timers/promises';
import type { Cgroup } from '@ns/cgroup';
import { parseTimeout } from '../../arguments/durations.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printable, printJson } from '../../framework/output.js';
import { type Column, table } from '../../framework/table.js';
import { UsageError } from '../../framework/usage-error.js';
import { sizeText } from './group.js';
import { readSample, type UsageRate, usageRates } from './usage-rates.js';

/** The byte that a terminal in raw mode sends for Ctrl-C. */
const CTRL_C = 3;

/** Limits of --delay in milliseconds. */
const SHORTEST = 50;
const LONGEST = 86_400_000;

const columns: readonly Column[] = [
  { title: '%CPU', right: true },
  { title: 'MEMORY', right: true },
  { title: 'PROCESSES', right: true },
  { title: 'READ/s', right: true },
  { title: 'WRITE/s', right: true },
  { title: 'GROUP' },
];

function lines(rates: readonly UsageRate[]): string[] {
  const rows = rates.map((rate) => [
    rate.cpuPercent.toFixed(1),
    rate.memory === undefined ? '' : sizeText(rate.memory),
    String(rate.processes),
    sizeText(rate.readBytesPerSecond),
    sizeText(rate.writeBytesPerSecond),
    printable(rate.path),
  ]);
  return table(columns, rows, { columns: process.stdout.columns });
}

/** Returns a signal that fires on q or Ctrl-C at a terminal. Elsewhere it never fires. */
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

function intervalOf(commandLine: CommandLine): number {
  const text = commandLine.value('delay') ?? '1s';
  const milliseconds = parseTimeout(text, 'delay');
  if (milliseconds >= SHORTEST && milliseconds <= LONGEST) return milliseconds;
  throw new UsageError(`--delay must be from 50ms to 1d, got '${text}'`);
}

/** Prints the usage of a group and the groups below it, until the user quits. */
export async function top(group: Cgroup, commandLine: CommandLine): Promise<void> {
  const interval = intervalOf(commandLine);
  const once = commandLine.has('once');
  const quit = once ? undefined : untilQuit();
  try {
    let before = readSample(group);
    do {
      await delay(interval, undefined, quit === undefined ? {} : { signal: quit.signal });
      const after = readSample(group);
      const rates = usageRates(before, after);
      before = after;
      if (commandLine.has('json')) printJson({ groups: rates }, { line: !once });
      else if (once || !process.stdout.isTTY) lines(rates).forEach(print);
      else {
        const shown = lines(rates).slice(0, (process.stdout.rows ?? 25) - 1);
        process.stdout.write(`\x1b[H\x1b[J${shown.join('\r\n')}\r\n`);
      }
    } while (!once);
  } catch (error) {
    if (!quit?.signal.aborted) throw error;
  } finally {
    quit?.end();
  }
}
