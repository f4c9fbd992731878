// What a group may use and does use: controllers, limits, statistics and events.
import { ownOptions } from '@ns/core/authors';
import { changeSettings } from './apply.js';
import {
  assertControllers,
  availableControllers,
  type EnableOptions,
  enableControllers,
  enabledControllers,
} from './create.js';
import { type CurrentLimits, limitsOf } from './current-limits.js';
import { type Counters, parseFlat } from './flat.js';
import { GroupMembers } from './group-members.js';
import { unifiedMount } from './hierarchy.js';
import { type CgroupLimits, settingsOf } from './limits.js';
import { openPeak, type Peak, type PeakResource } from './peak.js';
import { onPressure, type PressureTrigger } from './pressure.js';
import { type ReclaimOptions, reclaim } from './reclaim.js';
import { type CgroupUsage, usageOf } from './usage.js';
import type { Size } from './values.js';
import { type EventFile, type Subscription, watchFile } from './watch.js';

/** The part of {@link Cgroup} that is about resources. */
export abstract class GroupResources extends GroupMembers {
  /** Controllers that the group has. */
  get controllers(): string[] {
    return availableControllers(this.files);
  }

  /** Controllers that are passed on to the groups below. */
  get enabled(): string[] {
    return enabledControllers(this.files);
  }

  /** Has controllers passed on to the groups below; see {@link Cgroup.create}. */
  enable(controllers: readonly string[], options: EnableOptions = {}): void {
    assertControllers(controllers);
    enableControllers(this.files, controllers, unifiedMount().point, ownOptions(options).leaf);
  }

  /**
   * No longer passes controllers on; their limits below end with that.
   *
   * @throws {SystemError} EBUSY if a group below passes them on in turn
   */
  disable(controllers: readonly string[]): void {
    assertControllers(controllers);
    if (controllers.length === 0) return;
    this.files.write('cgroup.subtree_control', controllers.map((name) => `-${name}`).join(' '));
  }

  /**
   * Changes limits. What is not named stays as it is; on failure everything does.
   *
   * @throws {TypeError | RangeError} for a wrong limit
   * @throws {SystemError} ENOENT if the group does not have the controller; EINVAL if the kernel does
   *   not make the partition; EACCES
   */
  set(limits: CgroupLimits): void {
    changeSettings(this.files, settingsOf(limits));
  }

  /** The limits in force. */
  limits(): CurrentLimits {
    return limitsOf(this.files);
  }

  /** What the group uses: every file read once. */
  usage(): CgroupUsage {
    return usageOf(this.files);
  }

  /**
   * Has the kernel take back as much memory from the group and those below. Resolves when it has;
   * the work is done on a thread of libuv's pool. Linux 5.19.
   *
   * @throws {SystemError} EAGAIN if it was less, ENOENT without the memory controller
   */
  reclaim(size: Size, options: ReclaimOptions = {}): Promise<void> {
    return reclaim(this.files, size, ownOptions(options));
  }

  /**
   * The most that the group has used, which can be measured anew: {@link Peak.reset}.
   * Linux 5.19 (memory) and 6.5 (swap).
   */
  peak(resource: PeakResource): Peak {
    return openPeak(this.files, resource);
  }

  /**
   * Calls back with the numbers of a file whenever the kernel reports a change: `populated`, `frozen`;
   * `oom`, `oom_kill`, `high`, ... All groups share one inotify instance.
   */
  onChange(file: EventFile, listener: (now: Counters) => void): Subscription {
    return watchFile(this.fd, file, () => {
      const text = this.files.readIfThere(file);
      if (text !== undefined) listener(parseFlat(text));
    });
  }

  /** Calls back when tasks have waited for a resource for too long. Linux 5.2. */
  onPressure(trigger: PressureTrigger, listener: () => void): Subscription {
    return onPressure(this.files, trigger, listener);
  }
}
