// The paths in /proc and /sys that a root hides or protects unless the caller says otherwise.
import { existsSync, readdirSync } from 'node:fs';

/** Hidden in /proc and /sys by container runtimes. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const PROCESSORS = '/sys/devices/system/cpu';

/**
 * Returns the paths in /proc and /sys that a root hides by default. They show the machine's keys, memory,
 * power and interrupts, from which the work of other users can be inferred.
 */
export function listDefaultMasks(): string[] {
  const names = existsSync(PROCESSORS) ? readdirSync(PROCESSORS) : [];
  const throttles = names
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${PROCESSORS}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path));
  return [...MASKED, ...throttles];
}

/** The paths in /proc that a root makes read-only by default, as container runtimes do. */
export const DEFAULT_READONLY = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
