// Processes and threads as /proc describes them.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process. */
export interface ProcessEntry {
  /** The pid in the caller's pid namespace. */
  readonly pid: number;
  /** All pids of the process: that in the caller's namespace first, that in its own last. */
  readonly pids: readonly number[];
  /** The pid of the parent; 0 if the parent is invisible. */
  readonly ppid: number;
  /** Name of the command, at most 15 bytes. */
  readonly command: string;
  /** `R` running, `S` sleeping, `D` uninterruptible, `T` stopped, `Z` zombie, ... */
  readonly state: string;
  /** Real user id. */
  readonly uid: number;
  /** Number of its threads. */
  readonly threads: number;
  /** Inode of its pid namespace; undefined if it is hidden from the caller. */
  readonly namespace?: bigint | undefined;
}

/** Returns the result, or undefined if the process has ended. */
export function unlessGone<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

function numbersIn(directory: string): number[] {
  const names = readdirSync(directory).filter((name) => /^\d+$/.test(name));
  return names.map(Number).sort((a, b) => a - b);
}

/** Returns the pids of all processes that the mounted /proc shows. */
export function allPids(): number[] {
  return numbersIn('/proc');
}

/** Returns the thread ids of a process; none if it has ended. */
export function threadsOf(pid: number): number[] {
  return unlessGone(() => numbersIn(`/proc/${pid}/task`)) ?? [];
}

/** Returns the text of a process's or thread's status; undefined if it has ended. */
export function statusOf(pid: number): string | undefined {
  return unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function field(status: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** Returns the line NSpid: the pids from the namespace of this /proc inwards. */
export function nestedPids(status: string): number[] {
  const text = field(status, 'NSpid');
  return (text === '' ? field(status, 'Pid') : text).split(/\s+/).map(Number);
}

function namespaceOf(pid: number): bigint | undefined {
  try {
    const inode = /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0];
    return inode === undefined ? undefined : BigInt(inode);
  } catch {
    return undefined; // hidden from the caller, or ended
  }
}

/** Parses the status of a process. */
export function parseStatus(status: string): Omit<ProcessEntry, 'namespace'> {
  const number = (name: string) => Number.parseInt(field(status, name), 10);
  return {
    pid: number('Pid'),
    pids: nestedPids(status),
    ppid: number('PPid'),
    command: field(status, 'Name').replace(/\\([n\\])/g, (_, c) => (c === 'n' ? '\n' : '\\')),
    state: field(status, 'State').slice(0, 1),
    uid: number('Uid'),
    threads: number('Threads'),
  };
}

/** Returns one process; undefined if it has ended. */
export function entryOf(pid: number): ProcessEntry | undefined {
  const status = statusOf(pid);
  if (status === undefined) return undefined;
  const namespace = namespaceOf(pid);
  return { ...parseStatus(status), ...(namespace === undefined ? {} : { namespace }) };
}
