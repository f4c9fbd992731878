// The processes and threads of a group.
import { GroupDirectory } from './group-directory.js';
import {
  type CgroupEvents,
  eventsOf,
  killAll,
  setFrozen,
  until,
  type WaitOptions,
} from './life.js';
import { processNumber } from './values.js';

/** How processes and threads may be in a group. */
export type CgroupType = 'domain' | 'domain threaded' | 'domain invalid' | 'threaded';

function numbers(text: string): number[] {
  return text.split('\n').filter(Boolean).map(Number);
}

/** The part of {@link Cgroup} that is about who is in it. */
export abstract class GroupMembers extends GroupDirectory {
  /** How processes and threads may be in the group. The root is a domain. */
  get type(): CgroupType {
    return (this.files.readIfThere('cgroup.type')?.trim() ?? 'domain') as CgroupType;
  }

  /** Lets threads of one process be in different groups: this one and its siblings. No way back. */
  makeThreaded(): void {
    this.files.write('cgroup.type', 'threaded');
  }

  /** Processes in the group itself; 0 stands for one out of the caller's sight. */
  processes(): number[] {
    return numbers(this.files.read('cgroup.procs'));
  }

  /** Threads in the group itself. */
  threads(): number[] {
    return numbers(this.files.read('cgroup.threads'));
  }

  /** Moves a process with all its threads into the group. Needs write access to the common parent. */
  add(pid: number): void {
    this.files.write('cgroup.procs', processNumber('pid', pid));
  }

  /** Moves one thread; between groups of one threaded domain. */
  addThread(tid: number): void {
    this.files.write('cgroup.threads', processNumber('tid', tid));
  }

  /** Whether there are processes in it or below, and whether they are frozen. Not of the root. */
  events(): CgroupEvents {
    return eventsOf(this.files);
  }

  /** Resolves when the last process in it and below has ended. */
  empty({ signal }: WaitOptions = {}): Promise<void> {
    return until(this.files, ({ populated }) => !populated, signal);
  }

  /**
   * Stops all processes in it and below; resolves when they have stopped. Linux 5.2.
   *
   * @throws {Error} if the calling process is among them
   */
  freeze({ signal }: WaitOptions = {}): Promise<void> {
    return setFrozen(this.files, true, signal);
  }

  /** Lets them go on; a group below a frozen one stays frozen. */
  thaw({ signal }: WaitOptions = {}): Promise<void> {
    return setFrozen(this.files, false, signal);
  }

  /**
   * Kills all processes in it and below; resolves when they have ended.
   *
   * @throws {Error} if the calling process is among them
   */
  kill({ signal }: WaitOptions = {}): Promise<void> {
    return killAll(this.files, signal);
  }
}
