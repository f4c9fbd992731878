// The mark of the process that made an object in the kernel. The next process sees by the mark that the
// maker is gone.
import { readFileSync, readlinkSync } from 'node:fs';

const MARK = 'ns';
/** Field of proc_pid_stat(5), counted from the one after the name. */
const START_TIME = 19;

const pidNamespace = () => readlinkSync('/proc/self/ns/pid');

/** When a process has started, in ticks since the boot; undefined if there is none. */
function startTime(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** This process, in a form that no other ever has while the machine runs. */
export function ownerMark(): string {
  const pid = readlinkSync('/proc/self');
  return [MARK, pidNamespace(), pid, startTime(pid)].join(' ');
}

/** True if a mark is of a process that is gone. Marks of other pid namespaces are never orphaned. */
export function isOrphaned(mark: string | undefined): boolean {
  const [, namespace, pid, started] = /^ns (pid:\[\d+\]) ([1-9]\d*) (\d+)$/.exec(mark ?? '') ?? [];
  if (pid === undefined || namespace !== pidNamespace()) return false;
  return startTime(pid) !== started;
}
