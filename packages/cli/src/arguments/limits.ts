// Options that limit what a command or a group of processes uses.
import { statSync } from 'node:fs';
import type { CgroupLimits, IoMax } from '@ns/cgroup';
import { parse } from '@ns/core/authors';
import type { CommandLine } from '../framework/command-line.js';
import type { OptionGroup } from '../framework/option-table.js';
import { UsageError } from '../framework/usage-error.js';

/** The options. */
export const limitOptions: OptionGroup = {
  title: 'Limits (cgroup v2)',
  options: {
    memory: { value: 'SIZE', help: 'memory limit: 256M, 1.5G, max' },
    cpus: { value: 'TIME', help: 'limit of processor time: 1.5, 150%, 10ms/100ms, max' },
    'pids-limit': { value: 'NUMBER', help: 'limit of processes and threads: 100, max' },
    'io-max': {
      value: 'LIMIT',
      help: 'limit of a device: /dev/sda,rbps=10M,wbps=5M,riops=100,wiops=max (repeatable)',
    },
    cpuset: { value: 'LIST', help: 'processors that may be used: 0-3,7' },
  },
};

const keys: Readonly<Record<string, Exclude<keyof IoMax, 'device'>>> = {
  rbps: 'readBytes',
  wbps: 'writeBytes',
  riops: 'readOperations',
  wiops: 'writeOperations',
};

/** Returns MAJOR:MINOR of a device, from these numbers or from its file. @see makedev(3) */
function deviceOf(text: string): string {
  if (/^\d+:\d+$/.test(text)) return text;
  const stat = statSync(text, { throwIfNoEntry: false });
  if (!stat?.isBlockDevice())
    throw new UsageError(`--io-max must begin with a block device, got '${text}'`);
  const major = Math.floor(stat.rdev / 256) % 4096;
  const minor = (stat.rdev % 256) + Math.floor(stat.rdev / 2 ** 20) * 256;
  return `${major}:${minor}`;
}

/** Returns the bytes that a text means, or `max`. */
function sizeOrMax(text: string, name: string): number | 'max' {
  return text === 'max' ? text : parse.size(text, name);
}

function ioMax(text: string): IoMax {
  const [device = '', ...words] = text.split(/[ ,]+/);
  const limit: IoMax = { device: deviceOf(device) };
  for (const word of words) {
    const [key = '', value = ''] = word.split('=');
    const name = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (name === undefined) {
      throw new UsageError(
        `--io-max must have NAME=VALUE of ${Object.keys(keys).join(', ')}, got '${word}'`,
      );
    }
    const operations = name === 'readOperations' || name === 'writeOperations';
    if (!operations) limit[name] = sizeOrMax(value, `--io-max ${key}`);
    else limit[name] = value === 'max' ? value : Number(value);
  }
  return limit;
}

/** True if any limit is on the command line. */
export function hasLimits(commandLine: CommandLine): boolean {
  return Object.keys(limitOptions.options).some((name) => commandLine.has(name));
}

/** Returns the limits on the command line; undefined if there are none. */
export function limitsOf(commandLine: CommandLine): CgroupLimits | undefined {
  const [memory, cpus, cpuset] = ['memory', 'cpus', 'cpuset'].map((name) =>
    commandLine.value(name),
  );
  const pids = commandLine.value('pids-limit') === 'max' ? 'max' : commandLine.number('pids-limit');
  const io = commandLine.values('io-max').map(ioMax);
  const limits: CgroupLimits = {
    ...(memory === undefined ? {} : { memory: { max: sizeOrMax(memory, '--memory') } }),
    ...(cpus === undefined
      ? {}
      : { cpu: { max: /^\d+(\.\d+)?$/.test(cpus) ? Number(cpus) : cpus } }),
    ...(pids === undefined ? {} : { pids: { max: pids } }),
    ...(io.length === 0 ? {} : { io: { max: io } }),
    ...(cpuset === undefined ? {} : { cpuset: { cpus: cpuset } }),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}
