// Resources that a sandbox uses: as its cgroup counts, or added up over its processes.
import { readFileSync } from 'node:fs';
import type { Cgroup, CgroupUsage } from '@ns/cgroup';
import { isSystemError, type Namespace } from '@ns/core';
import { listProcesses } from '@ns/pid';

/** Resources that a sandbox uses. */
export interface SandboxUsage {
  /** Processes, the first one included. */
  readonly processes: number;
  /** Bytes of memory: of the group, or resident in the processes (shared ones several times). */
  readonly memory: number;
  /** Seconds of processor time: of the group, or of the processes that are still there. */
  readonly cpuTime: number;
  /** Everything that the cgroup counts, if there is one. */
  readonly cgroup?: CgroupUsage;
}

const PAGE = 4096;
const TICKS_PER_SECOND = 100; // USER_HZ, the same on all machines

function ofProcess(pid: number): { memory: number; cpuTime: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may contain anything, blanks and parentheses too.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = (fields[11] ?? 0) + (fields[12] ?? 0);
    return { memory: (fields[21] ?? 0) * PAGE, cpuTime: ticks / TICKS_PER_SECOND };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || isSystemError(error)) {
      return { memory: 0, cpuTime: 0 }; // it has ended meanwhile
    }
    throw error;
  }
}

/** Reads the resources of a sandbox. */
export function usageOf(namespace: Namespace, cgroup: Cgroup | undefined): SandboxUsage {
  const all = listProcesses({ in: namespace, descendants: true }).map(({ pid }) => pid);
  const each = all.map(ofProcess);
  const sum = (key: 'memory' | 'cpuTime') => each.reduce((total, one) => total + one[key], 0);
  const counted = cgroup?.readUsage();
  const cpu = counted?.cpu?.usage_usec;
  return {
    processes: all.length,
    memory: counted?.memory?.current ?? sum('memory'),
    cpuTime: cpu === undefined ? sum('cpuTime') : cpu / 1e6,
    ...(counted ? { cgroup: counted } : {}),
  };
}
