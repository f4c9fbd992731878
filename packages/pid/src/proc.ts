// Processes and threads as /proc describes them.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process. */
export interface ProcessEntry {
  /** Its number in the caller's pid namespace. */
  readonly pid: number;
  /** All numbers it has: in the caller's namespace first, in its own last. */
  readonly pids: readonly number[];
  /** Its parent's number; 0 if the parent is out of sight. */
  readonly ppid: number;
  /** Name of the command, at most 15 bytes. */
  readonly command: string;
  /** `R` running, `S` sleeping, `D` in a wait that no signal ends, `T` stopped, `Z` zombie, ... */
  readonly state: string;
  /** Real user id. */
  readonly uid: number;
  /** Number of its threads. */
  readonly threads: number;
  /** Inode of its pid namespace; undefined if the caller may not see it. */
  readonly namespace?: bigint;
}

/** A number that has no process any more is not an error while /proc is being read. */
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

/** Numbers of all processes that the mounted /proc shows. */
export function allPids(): number[] {
  return numbersIn('/proc');
}

/** Numbers of the threads of a process; none if it has ended. */
export function threadsOf(pid: number): number[] {
  return unlessGone(() => numbersIn(`/proc/${pid}/task`)) ?? [];
}

/** The text of a process's or thread's status; undefined if there is none. */
export function statusOf(pid: number): string | undefined {
  return unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function field(status: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** The line NSpid: the numbers from the namespace of this /proc inwards. */
export function nestedPids(status: string): number[] {
  const text = field(status, 'NSpid');
  return (text === '' ? field(status, 'Pid') : text).split(/\s+/).map(Number);
}

function namespaceOf(pid: number): bigint | undefined {
  try {
    const inode = /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0];
    return inode === undefined ? undefined : BigInt(inode);
  } catch {
    return undefined; // not ours to see, or gone
  }
}

/** Reads the status of a process. */
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

/** One process; undefined if there is none. */
export function entryOf(pid: number): ProcessEntry | undefined {
  const status = statusOf(pid);
  if (status === undefined) return undefined;
  const namespace = namespaceOf(pid);
  return { ...parseStatus(status), ...(namespace === undefined ? {} : { namespace }) };
}
