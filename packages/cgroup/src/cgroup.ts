// Cgroup: a group of the v2 tree, how it is found, made and removed.
import { SystemError } from '@ns/core';
import { ownOptions } from '@ns/core/authors';
import { assertDirectoryName, createGroup, type EnableOptions } from './create.js';
import { delegateTo } from './delegate.js';
import { ControlFiles } from './files.js';
import { GroupResources } from './group-resources.js';
import { directoryOfProcess, unifiedMount } from './hierarchy.js';
import { removeAll, type WaitOptions } from './life.js';
import type { CgroupLimits } from './limits.js';
import { processNumber } from './values.js';

const ENOENT = 2;

/**
 * A group of the cgroup v2 tree, by a descriptor of its directory. Close it with {@link close} or
 * `using`, which leave the group as it is; `await using` ends and removes it.
 *
 * @example
 * await using job = Cgroup.of('self').create('job', { memory: { max: '256M' }, pids: { max: 50 } });
 * const child = await spawn('make', ['test'], { cgroup: job.fd });
 * @see cgroups(7), the kernel's documentation of cgroup v2
 */
export class Cgroup extends GroupResources {
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
    return new Cgroup(createGroup(this.files, name, limits, point, ownOptions(options).leaf));
  }

  /** Names of the groups right below. */
  children(): string[] {
    return this.files.groups();
  }

  /**
   * A group right below.
   *
   * @throws {SystemError} ENOENT if there is none
   */
  child(name: string): Cgroup {
    assertDirectoryName(name);
    return new Cgroup(ControlFiles.open(`${this.directory}/${name}`, this.fd, name));
  }

  /** Waits for the last process, then removes the group and all below it. If they are gone already, good. */
  async remove(options: WaitOptions = {}): Promise<void> {
    const { signal } = ownOptions(options);
    await removeAll(this.files, signal);
    this.close();
  }

  /** Gives the group to a user, who may then make groups in it and move processes within it. */
  delegate(owner: { uid: number; gid?: number }): void {
    delegateTo(this.files, owner);
  }

  /** Kills what is in the group and removes it, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return;
    try {
      await this.kill();
      await this.remove();
    } finally {
      this.close();
    }
  }
}
