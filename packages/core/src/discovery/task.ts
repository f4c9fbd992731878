// Who a process or thread is.
import { readFileSync } from 'node:fs';
import { refuse } from '../contract/parser.js';

/** A process or thread, as /proc shows it. */
export interface Task {
  readonly pid: number;
  /** Its parent; 0 if that is out of sight. */
  readonly ppid: number;
  /** Its effective user. */
  readonly uid: number;
  /** Its command line, or its name in brackets. */
  readonly command: string;
}

/** Reads who a task is; null if it has ended. @see proc_pid_status(5) */
export function readTask(pid: number): Task | null {
  if (typeof pid !== 'number') refuse('pid', 'a pid', pid);
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '');
    const field = (pattern: RegExp) => pattern.exec(status)?.[1] ?? '';
    return {
      pid,
      ppid: Number(field(/^PPid:\t(\d+)/m)),
      uid: Number(field(/^Uid:\t\d+\t(\d+)/m)),
      command: line === '' ? `[${field(/^Name:\t(.*)$/m)}]` : line.replaceAll('\0', ' '),
    };
  } catch {
    return null;
  }
}
