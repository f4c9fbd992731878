// The processes and threads of a group.
import { parse } from '@ns/core/authors';
import { GroupDirectory } from './group-directory.js';
import {
  type CgroupEvents,
  eventsOf,
  killAll,
  parseWait,
  setFrozen,
  until,
  type WaitOptions,
} from './life.js';

/** The kind of a group: it holds processes, or single threads. */
export type CgroupType = 'domain' | 'domain threaded' | 'domain invalid' | 'threaded';

function numbers(text: string): number[] {
  return text.split('\n').filter(Boolean).map(Number);
}

/** The part of {@link Cgroup} that is about processes and threads. */
export abstract class GroupMembers extends GroupDirectory {
  /** The kind of the group. The root is a domain. */
  get type(): CgroupType {
    return (this.files.readIfThere('cgroup.type')?.trim() ?? 'domain') as CgroupType;
  }

  /** Allows threads of one process in this group and its siblings. This cannot be undone. */
  makeThreaded(): void {
    this.files.write('cgroup.type', 'threaded');
  }

  /** Returns the processes in the group itself; 0 for a process that is invisible to the caller. */
  listProcesses(): number[] {
    return numbers(this.files.read('cgroup.procs'));
  }

  /** Returns the threads in the group itself. */
  listThreads(): number[] {
    return numbers(this.files.read('cgroup.threads'));
  }

  /** Moves a process with all its threads into the group. Needs write access to the common parent. */
  add(pid: number): void {
    this.files.write('cgroup.procs', String(parse.pid(pid, 'pid')));
  }

  /** Moves one thread; between groups of one threaded domain. */
  addThread(tid: number): void {
    this.files.write('cgroup.threads', String(parse.pid(tid, 'tid')));
  }

  /** Returns the state of the processes in the group and below. The root has none. */
  readEvents(): CgroupEvents {
    return eventsOf(this.files);
  }

  /** Resolves when the last process in the group and below has ended. */
  async waitUntilEmpty(options: WaitOptions = {}): Promise<void> {
    await until(this.files, ({ populated }) => !populated, parseWait(options).signal);
  }

  /**
   * Stops all processes in the group and below. Resolves when they have stopped. Linux 5.2.
   *
   * @throws {Error} if the calling process is among them
   */
  async freeze(options: WaitOptions = {}): Promise<void> {
    await setFrozen(this.files, true, parseWait(options).signal);
  }

  /** Continues frozen processes. A group below a frozen one stays frozen. */
  async thaw(options: WaitOptions = {}): Promise<void> {
    await setFrozen(this.files, false, parseWait(options).signal);
  }

  /**
   * Kills all processes in the group and below. Resolves when they have ended.
   *
   * @throws {Error} if the calling process is among them
   */
  async kill(options: WaitOptions = {}): Promise<void> {
    await killAll(this.files, parseWait(options).signal);
  }
}
