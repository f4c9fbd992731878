// Cgroup: a group of the v2 tree.
import { SystemError } from '@ns/core';
import { changeSettings } from './apply.js';
import {
  assertControllers,
  availableControllers,
  createGroup,
  type EnableOptions,
  enableControllers,
  enabledControllers,
} from './create.js';
import { type CurrentLimits, limitsOf } from './current-limits.js';
import { delegateTo } from './delegate.js';
import { ControlFiles } from './files.js';
import { type Counters, parseFlat } from './flat.js';
import { directoryOfProcess, unifiedMount } from './hierarchy.js';
import {
  type CgroupEvents,
  eventsOf,
  killAll,
  removeAll,
  setFrozen,
  until,
  type WaitOptions,
} from './life.js';
import { type CgroupLimits, settingsOf } from './limits.js';
import { openPeak, type Peak, type PeakResource } from './peak.js';
import { onPressure, type PressureTrigger } from './pressure.js';
import { type ReclaimOptions, reclaim } from './reclaim.js';
import { type CgroupUsage, usageOf } from './usage.js';
import { processNumber, type Size } from './values.js';
import { type EventFile, type Subscription, watchFile } from './watch.js';

const ENOENT = 2;

/** How processes and threads may be in a group. */
export type CgroupType = 'domain' | 'domain threaded' | 'domain invalid' | 'threaded';

function numbers(text: string): number[] {
  return text.split('\n').filter(Boolean).map(Number);
}

/**
 * A group of the cgroup v2 tree, by a descriptor of its directory. Close it with {@link close} or
 * `using`, which leave the group as it is; `await using` ends and removes it.
 *
 * @example
 * await using job = Cgroup.of('self').create('job', { memory: { max: '256M' }, pids: { max: 50 } });
 * const child = await spawn('make', ['test'], { cgroup: job.fd });
 * @see cgroups(7), the kernel's documentation of cgroup v2
 */
export class Cgroup {
  readonly #files: ControlFiles;

  private constructor(files: ControlFiles) {
    this.#files = files;
  }

  /** The root of the mounted tree. */
  static root(): Cgroup {
    return Cgroup.open('/');
  }

  /**
   * The group that a process is in.
   *
   * @throws {SystemError} ENOENT without such a process, or if its group is not below the mount
   */
  static of(pid: number | 'self'): Cgroup {
    if (pid !== 'self') processNumber('pid', pid);
    const directory = directoryOfProcess(pid);
    if (directory === undefined) {
      throw new SystemError(ENOENT, 'open', [`the cgroup of ${pid}`], {
        hint: 'The group is not below the mount of the v2 tree that this process sees.',
      });
    }
    return new Cgroup(ControlFiles.open(directory));
  }

  /**
   * A group by its path from the root of the tree: `/user.slice/job`.
   *
   * @throws {SystemError} ENOENT if there is none
   */
  static open(path: string): Cgroup {
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw new TypeError(`path must begin with a slash: ${String(path)}`);
    }
    if (path.split('/').includes('..')) throw new TypeError(`path must not contain ..: ${path}`);
    const { point } = unifiedMount();
    const inner = path.replace(/\/+/g, '/').replace(/\/$/, '');
    return new Cgroup(ControlFiles.open(point + inner));
  }

  /** Its directory. */
  get directory(): string {
    return this.#files.path;
  }

  /** Its path from the root of the mounted tree: `/` for that root. */
  get path(): string {
    return this.#files.path.slice(unifiedMount().point.length) || '/';
  }

  /** The descriptor of the directory, for `spawn(..., { cgroup })`. It stays this object's. */
  get fd(): number {
    return this.#files.fd;
  }

  /** Whether this object is closed. */
  get closed(): boolean {
    return this.#files.closed;
  }

  /**
   * Makes a group below this one, with limits. The controllers that they need are enabled here and,
   * where they are missing, in the groups above. On failure no group is left; controllers stay enabled.
   *
   * Needs write access to this group: root, or a delegated one.
   *
   * @throws {TypeError | RangeError} for a wrong limit
   * @throws {SystemError} EEXIST; EACCES; ENOENT if the machine's v2 tree has no such controller; EBUSY
   *   if this group has processes and no `leaf` is named
   */
  create(name: string, limits: CgroupLimits = {}, options: EnableOptions = {}): Cgroup {
    const { point } = unifiedMount();
    return new Cgroup(createGroup(this.#files, name, limits, point, options.leaf));
  }

  /** Names of the groups right below. */
  children(): string[] {
    return this.#files.groups();
  }

  /** A group right below. */
  child(name: string): Cgroup {
    return new Cgroup(ControlFiles.open(`${this.directory}/${name}`, this.fd, name));
  }

  /** Controllers that the group has. */
  get controllers(): string[] {
    return availableControllers(this.#files);
  }

  /** Controllers that are passed on to the groups below. */
  get enabled(): string[] {
    return enabledControllers(this.#files);
  }

  /** Has controllers passed on to the groups below; see {@link create}. */
  enable(controllers: readonly string[], options: EnableOptions = {}): void {
    assertControllers(controllers);
    enableControllers(this.#files, controllers, unifiedMount().point, options.leaf);
  }

  /**
   * No longer passes controllers on; their limits below end with that.
   *
   * @throws {SystemError} EBUSY if a group below passes them on in turn
   */
  disable(controllers: readonly string[]): void {
    assertControllers(controllers);
    if (controllers.length === 0) return;
    this.#files.write('cgroup.subtree_control', controllers.map((name) => `-${name}`).join(' '));
  }

  /** How processes and threads may be in the group. The root is a domain. */
  get type(): CgroupType {
    return (this.#files.readIfThere('cgroup.type')?.trim() ?? 'domain') as CgroupType;
  }

  /** Whether it is the root of the machine's tree: the one group without limits of its own. */
  get isRoot(): boolean {
    return this.#files.readIfThere('cgroup.type') === undefined;
  }

  /** Lets threads of one process be in different groups: this one and its siblings. No way back. */
  makeThreaded(): void {
    this.#files.write('cgroup.type', 'threaded');
  }

  /** Processes in the group itself; 0 stands for one out of the caller's sight. */
  processes(): number[] {
    return numbers(this.#files.read('cgroup.procs'));
  }

  /** Threads in the group itself. */
  threads(): number[] {
    return numbers(this.#files.read('cgroup.threads'));
  }

  /** Moves a process with all its threads into the group. Needs write access to the common parent. */
  add(pid: number): void {
    this.#files.write('cgroup.procs', processNumber('pid', pid));
  }

  /** Moves one thread; between groups of one threaded domain. */
  addThread(tid: number): void {
    this.#files.write('cgroup.threads', processNumber('tid', tid));
  }

  /**
   * Changes limits. What is not named stays as it is; on failure everything does.
   *
   * @throws {TypeError | RangeError} for a wrong limit
   * @throws {SystemError} ENOENT if the group does not have the controller; EINVAL if the kernel does
   *   not make the partition; EACCES
   */
  set(limits: CgroupLimits): void {
    changeSettings(this.#files, settingsOf(limits));
  }

  /** The limits in force. */
  limits(): CurrentLimits {
    return limitsOf(this.#files);
  }

  /** What the group uses: every file read once. */
  usage(): CgroupUsage {
    return usageOf(this.#files);
  }

  /** Whether there are processes in it or below, and whether they are frozen. Not of the root. */
  events(): CgroupEvents {
    return eventsOf(this.#files);
  }

  /** Resolves when the last process in it and below has ended. */
  empty({ signal }: WaitOptions = {}): Promise<void> {
    return until(this.#files, ({ populated }) => !populated, signal);
  }

  /**
   * Stops all processes in it and below; resolves when they have stopped. Linux 5.2.
   *
   * @throws {Error} if the calling process is among them
   */
  freeze({ signal }: WaitOptions = {}): Promise<void> {
    return setFrozen(this.#files, true, signal);
  }

  /** Lets them go on; a group below a frozen one stays frozen. */
  thaw({ signal }: WaitOptions = {}): Promise<void> {
    return setFrozen(this.#files, false, signal);
  }

  /**
   * Kills all processes in it and below; resolves when they have ended.
   *
   * @throws {Error} if the calling process is among them
   */
  kill({ signal }: WaitOptions = {}): Promise<void> {
    return killAll(this.#files, signal);
  }

  /** Waits for the last process, then removes the group and all below it. */
  async remove({ signal }: WaitOptions = {}): Promise<void> {
    await removeAll(this.#files, signal);
    this.close();
  }

  /**
   * Has the kernel take back as much memory from the group and those below. Resolves when it has;
   * the work is done on a thread of libuv's pool. Linux 5.19.
   *
   * @throws {SystemError} EAGAIN if it was less, ENOENT without the memory controller
   */
  reclaim(size: Size, options: ReclaimOptions = {}): Promise<void> {
    return reclaim(this.#files, size, options);
  }

  /**
   * The most that the group has used, which can be measured anew: {@link Peak.reset}.
   * Linux 5.19 (memory) and 6.5 (swap).
   */
  peak(resource: PeakResource): Peak {
    return openPeak(this.#files, resource);
  }

  /** Gives the group to a user, who may then make groups in it and move processes within it. */
  delegate(owner: { uid: number; gid?: number }): void {
    delegateTo(this.#files, owner);
  }

  /**
   * Calls back with the numbers of a file whenever the kernel reports a change: `populated`, `frozen`;
   * `oom`, `oom_kill`, `high`, ... All groups share one inotify instance.
   */
  onChange(file: EventFile, listener: (now: Counters) => void): Subscription {
    return watchFile(this.fd, file, () => {
      const text = this.#files.readIfThere(file);
      if (text !== undefined) listener(parseFlat(text));
    });
  }

  /** Calls back when tasks have waited for a resource for too long. Linux 5.2. */
  onPressure(trigger: PressureTrigger, listener: () => void): Subscription {
    return onPressure(this.#files, trigger, listener);
  }

  /** Closes the descriptor; the group stays. Again is no error. */
  close(): void {
    this.#files.close();
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Kills what is in the group and removes it, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    await this.kill();
    await this.remove();
  }
}
