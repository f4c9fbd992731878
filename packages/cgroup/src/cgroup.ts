// Cgroup: a group of the v2 tree, how it is opened, created and removed.
import { SystemError } from '@ns/core';
import { parse } from '@ns/core/authors';
import { ControlFiles } from './control-files.js';
import { assertDirectoryName, createGroup, type EnableOptions, parseEnable } from './create.js';
import { type DelegateOptions, delegateTo } from './delegate.js';
import { GroupResources } from './group-resources.js';
import { directoryOfProcess, unifiedMount } from './hierarchy.js';
import { endGroup, parseWait, removeAll, removeNow, type WaitOptions } from './life.js';
import type { CgroupLimits } from './limits.js';

const ENOENT = 2;

/**
 * A group of the cgroup v2 tree, by a descriptor of its directory. `using` and `await using` remove a
 * group that was created by this object, and kill its processes. They only close one that was opened.
 * `using` blocks the thread for at most a second until the processes have ended; prefer `await using`.
 * {@link close} always leaves the group.
 *
 * @example
 * await using job = Cgroup.of('self').create('job', { memory: { max: '256M' }, pids: { max: 50 } });
 * const child = await spawn('make', ['test'], { cgroup: job.fd });
 * @see cgroups(7), the kernel's documentation of cgroup v2
 */
export class Cgroup extends GroupResources {
  #isOwned = false;

  static #owned(files: ControlFiles): Cgroup {
    const group = new Cgroup(files);
    group.#isOwned = true;
    return group;
  }

  /** Opens the root of the mounted tree. */
  static root(): Cgroup {
    return Cgroup.open('/');
  }

  /**
   * Opens the group that a process is in.
   *
   * @throws {SystemError} ENOENT if the process does not exist, or its group is outside of the mount
   */
  static of(pid: number | 'self'): Cgroup {
    if (pid !== 'self') parse.pid(pid, 'pid');
    const directory = directoryOfProcess(pid);
    if (directory === undefined) {
      throw new SystemError(ENOENT, 'open', [`the cgroup of ${pid}`], {
        hint: 'The group is outside of the v2 tree that this process sees.',
      });
    }
    return new Cgroup(ControlFiles.open(directory));
  }

  /**
   * Opens a group by its path from the root of the tree: `/user.slice/job`.
   *
   * @throws {SystemError} ENOENT if it does not exist
   */
  static open(path: string): Cgroup {
    parse.absolutePath(path, 'path');
    if (path.split('/').includes('..')) parse.refuse('path', 'without ..', path);
    const { point } = unifiedMount();
    const inner = path.replace(/\/+/g, '/').replace(/\/$/, '');
    return new Cgroup(ControlFiles.open(point + inner));
  }

  /**
   * Creates a group below this one, with limits. Controllers that these need are enabled in this group
   * and, where they are missing, in the groups above. On failure the group is removed; controllers stay
   * enabled.
   *
   * Needs write access to this group: root, or a delegated one.
   *
   * @throws {TypeError | RangeError} for a wrong limit
   * @throws {SystemError} EEXIST; EACCES; ENOENT if the machine's v2 tree has no such controller; EBUSY
   *   if this group has processes and `leaf` is left out
   */
  create(name: string, limits: CgroupLimits = {}, options: EnableOptions = {}): Cgroup {
    const { leaf } = parseEnable(options);
    const { point } = unifiedMount();
    return Cgroup.#owned(createGroup(this.files, name, limits, point, leaf));
  }

  /** Returns the names of the groups right below. */
  listChildren(): string[] {
    return this.files.groups();
  }

  /**
   * Opens a group right below.
   *
   * @throws {SystemError} ENOENT if it does not exist
   */
  openChild(name: string): Cgroup {
    assertDirectoryName(name);
    return new Cgroup(ControlFiles.open(`${this.directory}/${name}`, this.fd, name));
  }

  /** Waits for the last process, then removes the group and all below it. Succeeds if the group has been removed. */
  async remove(options: WaitOptions = {}): Promise<void> {
    const { signal } = parseWait(options);
    await removeAll(this.files, signal);
    this.close();
  }

  /** Gives the group to a user, who may then create groups in it and move processes within it. */
  delegate(owner: DelegateOptions): void {
    delegateTo(this.files, owner);
  }

  /**
   * Kills the processes of a created group and removes it, for `using`; closes an opened one. Threads of a
   * threaded group move to its parent. Blocks the thread for at most a second.
   *
   * @throws {SystemError} EBUSY if processes have not ended by then; the group stays
   */
  override [Symbol.dispose](): void {
    if (this.closed) return;
    try {
      if (this.#isOwned) removeNow(this.files);
    } finally {
      this.close();
    }
  }

  /** Does the same as `using` without blocking the thread, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    try {
      if (this.#isOwned) await endGroup(this.files);
    } finally {
      this.close();
    }
  }
}
