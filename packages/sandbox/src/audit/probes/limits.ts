// Limits that are in force.

import type { SandboxLimits } from '../../options/types.js';
import type { Calls } from '../calls.js';
import { blocked, judge, limited, type Probe, reachable } from '../probe.js';
import { isReadonly } from '../view.js';

const RESOURCES = {
  cpu: 0,
  fileSize: 1,
  data: 2,
  core: 4,
  processes: 6,
  files: 7,
  memory: 9,
} as const;
const INFINITE = 2n ** 64n - 1n;

/** A resource limit as the kernel has it. */
interface Limit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Reads a resource limit. */
function readLimit(calls: Calls, resource: keyof typeof RESOURCES): () => Limit | undefined {
  const old = new Uint8Array(16);
  const limit = calls.filled('prlimit64', [0, RESOURCES[resource], null, old], 3);
  return () => {
    const bytes = limit();
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return { soft: view.getBigUint64(0, true), hard: view.getBigUint64(8, true) };
  };
}

/** Returns the lowest of the hard limits that are in force. */
function lowest(limits: readonly (() => Limit | undefined)[]): bigint | undefined {
  const hard = limits.map((one) => one()?.hard ?? INFINITE).filter((one) => one !== INFINITE);
  return hard.sort((a, b) => (a < b ? -1 : 1))[0];
}

function limitOf(
  name: keyof SandboxLimits,
  title: string,
  resources: readonly (keyof typeof RESOURCES)[],
  unit: string,
): Probe {
  return {
    area: 'limits',
    title,
    hint: `Set \`limits.${name}\`.`,
    prepare(calls, { report, options }) {
      const found = resources.map((one) => readLimit(calls, one));
      return () => {
        const kept = report.limits[name];
        const asked = options.limits?.[name];
        if (kept?.keeper === 'cgroup') return blocked(`${asked} for all processes together`);
        if (kept === undefined) return reachable('no limit but those of the caller');
        const value = lowest(found);
        return value === undefined
          ? reachable('no limit is in force')
          : limited(`${value} ${unit}`);
      };
    },
  };
}

export const limitProbes = {
  memory: limitOf('memory', 'memory without limit', ['memory', 'data'], 'bytes of each process'),
  'process-count': limitOf(
    'pids',
    'processes without limit',
    ['processes'],
    'processes of the user',
  ),
  'open-files': limitOf('files', 'descriptors without limit', ['files'], 'of each process'),
  'file-size': limitOf('fileSize', 'files without limit', ['fileSize'], 'bytes of each file'),
  'processor-time': limitOf(
    'cpuTime',
    'processor time without limit',
    ['cpu'],
    'seconds of each process',
  ),
  'files-in-memory': {
    area: 'limits',
    title: 'file systems in memory without a size, half of the memory each',
    hint: 'Give a `tmpfs` entry of `mounts` a size.',
    prepare(calls, { mounts }) {
      const unlimited = mounts
        .filter(
          (mount) =>
            mount.type === 'tmpfs' &&
            mount.root === '/' &&
            !isReadonly(mount) &&
            !mount.superOptions.some((option) => option.startsWith('size=')),
        )
        .map(({ target, device }) => ({ target, device, stat: calls.stat(target) }));
      return () => {
        // Another mount may be over it.
        const seen = unlimited.filter(
          ({ device, stat }) => stat()?.device === `${device.major}:${device.minor}`,
        );
        return judge(
          seen.map(({ target }) => target),
          'all have a size',
        );
      };
    },
  },
  'core-dumps': {
    area: 'limits',
    title: 'a crash writes a core, or hands it to a program of the host',
    hint: 'The program that kernel.core_pattern names runs as root, outside.',
    changes: 'process',
    prepare(calls) {
      const before = readLimit(calls, 'core');
      const pattern = calls.read('/proc/sys/kernel/core_pattern');
      // With a soft limit of 0 the kernel starts the program; with 1 it does not.
      const zero = new Uint8Array(BigUint64Array.of(0n, 1n).buffer);
      calls.call('prlimit64', 0, RESOURCES.core, zero, null);
      const after = readLimit(calls, 'core');
      return () => {
        const { hard } = before() ?? { hard: INFINITE };
        if (hard > 1n) return reachable(hard === INFINITE ? 'no limit' : `limit ${hard}`);
        if (after()?.soft !== 0n) return blocked(`limit ${hard}, which cannot be lowered`);
        const isProgram = /^[|@]/.test(pattern() ?? '|');
        const text = 'the limit can be lowered to 0, at which the kernel starts a program';
        return isProgram ? reachable(text) : limited(`${text}; kernel.core_pattern names none`);
      };
    },
  },
} satisfies Record<string, Probe>;
