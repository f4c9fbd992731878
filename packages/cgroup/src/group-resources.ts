// Controllers, limits, statistics and events of a group.
import type { Size } from '@ns/core';
import {
  assertControllers,
  availableControllers,
  type EnableOptions,
  enableControllers,
  enabledControllers,
  parseEnable,
} from './create.js';
import { GroupMembers } from './group-members.js';
import { unifiedMount } from './hierarchy.js';
import { type CgroupLimits, settingsOf } from './limits.js';
import { openPeak, type Peak, type PeakResource } from './peak.js';
import { type CurrentLimits, limitsOf } from './read-limits.js';
import { type CgroupUsage, usageOf } from './read-usage.js';
import { type ReclaimOptions, reclaim } from './reclaim.js';
import { type EventFile, EventWatch, type EventWatchOptions } from './watch-events.js';
import { PressureWatch, type PressureWatchOptions } from './watch-pressure.js';
import { changeSettings } from './write-settings.js';

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

  /** Passes controllers on to the groups below; see {@link Cgroup.create}. */
  enable(controllers: readonly string[], options: EnableOptions = {}): void {
    assertControllers(controllers);
    const { leaf } = parseEnable(options);
    enableControllers(this.files, controllers, unifiedMount().point, leaf);
  }

  /**
   * Stops to pass controllers on, which ends their limits below.
   *
   * @throws {SystemError} EBUSY if a group below passes them on in turn
   */
  disable(controllers: readonly string[]): void {
    assertControllers(controllers);
    if (controllers.length === 0) return;
    this.files.write('cgroup.subtree_control', controllers.map((name) => `-${name}`).join(' '));
  }

  /**
   * Writes limits. Limits that are left out stay as they are; on failure all do.
   *
   * @throws {TypeError | RangeError} for a wrong limit
   * @throws {SystemError} ENOENT if the group lacks the controller; EINVAL if the kernel refuses the
   *   partition; EACCES
   */
  writeLimits(limits: CgroupLimits): void {
    changeSettings(this.files, settingsOf(limits));
  }

  /** Returns the limits in force. */
  readLimits(): CurrentLimits {
    return limitsOf(this.files);
  }

  /** Returns the usage of the group. Every file is read once. */
  readUsage(): CgroupUsage {
    return usageOf(this.files);
  }

  /**
   * Reclaims this much memory from the group and those below. The work is done on a thread of libuv's
   * pool. Linux 5.19.
   *
   * @throws {SystemError} EAGAIN if less was reclaimed, ENOENT without the memory controller
   */
  async reclaim(size: Size, options: ReclaimOptions = {}): Promise<void> {
    await reclaim(this.files, size, options);
  }

  /**
   * Opens the peak of a resource, which can be reset: {@link Peak.reset}. Linux 5.19 (memory) and 6.5 (swap).
   */
  openPeak(resource: PeakResource): Peak {
    return openPeak(this.files, resource);
  }

  /**
   * Watches a file: an event is its numbers after a change that the kernel reports (`populated`,
   * `frozen`; `oom`, `oom_kill`, `high`, ...). The watch ends when the group is removed. All groups share
   * one inotify instance.
   */
  watchEvents(file: EventFile, options: EventWatchOptions = {}): EventWatch {
    return new EventWatch(this.files, file, options);
  }

  /**
   * Watches a resource: an event is a time window in which tasks have waited for it too long. The watch
   * ends when the group is removed. Linux 5.2.
   */
  watchPressure(options: PressureWatchOptions): PressureWatch {
    return new PressureWatch(this.files, options);
  }
}
