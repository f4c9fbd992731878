// Options that limit what a command or a group of processes uses.
import { statSync } from 'node:fs';
import type { CgroupLimits, IoMax } from '@ns/cgroup';
import { type Given, type OptionGroup, UsageError } from './options.js';

/** The options. */
export const limitOptions: OptionGroup = {
  title: 'Limits (cgroup v2)',
  options: {
    memory: { value: 'SIZE', help: 'most memory: 256M, 1.5G, max' },
    cpus: { value: 'TIME', help: 'processor time: 1.5, 150%, 10ms/100ms, max' },
    'pids-limit': { value: 'NUMBER', help: 'most processes and threads, or max' },
    'io-max': {
      value: 'LIMIT',
      help: 'of a device, as /dev/sda,rbps=10M,wbps=5M,riops=100,wiops=max (repeatable)',
    },
    cpuset: { value: 'LIST', help: 'processors to run on: 0-3,7' },
  },
};

const keys: Readonly<Record<string, Exclude<keyof IoMax, 'device'>>> = {
  rbps: 'readBytes',
  wbps: 'writeBytes',
  riops: 'readOperations',
  wiops: 'writeOperations',
};

/** MAJOR:MINOR of a device given by these numbers or by its file. @see makedev(3) */
function deviceOf(text: string): string {
  if (/^\d+:\d+$/.test(text)) return text;
  const stat = statSync(text, { throwIfNoEntry: false });
  if (!stat?.isBlockDevice()) throw new UsageError(`--io-max: '${text}' is not a block device`);
  const major = Math.floor(stat.rdev / 256) % 4096;
  const minor = (stat.rdev % 256) + Math.floor(stat.rdev / 2 ** 20) * 256;
  return `${major}:${minor}`;
}

function ioMax(text: string): IoMax {
  const [device = '', ...words] = text.split(/[ ,]+/);
  const limit: IoMax = { device: deviceOf(device) };
  for (const word of words) {
    const [key = '', value = ''] = word.split('=');
    const name = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (name === undefined) {
      throw new UsageError(`--io-max: '${word}' is none of ${Object.keys(keys).join(', ')}=VALUE`);
    }
    const operations = name === 'readOperations' || name === 'writeOperations';
    if (!operations) limit[name] = value;
    else limit[name] = value === 'max' ? value : Number(value);
  }
  return limit;
}

/** Whether any limit is given. */
export function hasLimits(given: Given): boolean {
  return Object.keys(limitOptions.options).some((name) => given.has(name));
}

/** The limits that are given; undefined if none is. */
export function limitsOf(given: Given): CgroupLimits | undefined {
  const [memory, cpus, cpuset] = ['memory', 'cpus', 'cpuset'].map((name) => given.value(name));
  const pids = given.value('pids-limit') === 'max' ? 'max' : given.number('pids-limit');
  const io = given.values('io-max').map(ioMax);
  const limits: CgroupLimits = {
    ...(memory === undefined ? {} : { memory: { max: memory } }),
    ...(cpus === undefined
      ? {}
      : { cpu: { max: /^\d+(\.\d+)?$/.test(cpus) ? Number(cpus) : cpus } }),
    ...(pids === undefined ? {} : { pids: { max: pids } }),
    ...(io.length === 0 ? {} : { io: { max: io } }),
    ...(cpuset === undefined ? {} : { cpuset: { cpus: cpuset } }),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}
