// Groups on the command line, and their data.
import { Cgroup, readHierarchy } from '@ns/cgroup';
import { isSystemError } from '@ns/core';
import { UsageError } from '../../framework/usage-error.js';

/** Opens the group that a text means: a path from the root of the tree, its directory, or a pid in it. */
export function openGroup(text: string): Cgroup {
  if (/^[1-9]\d{0,6}$/.test(text)) return Cgroup.of(Number(text));
  const { mountPoint } = readHierarchy();
  if (mountPoint !== undefined && `${text}/`.startsWith(`${mountPoint}/`)) {
    return Cgroup.open(text.slice(mountPoint.length) || '/');
  }
  if (text.startsWith('/')) return Cgroup.open(text);
  throw new UsageError(`a group must be a pid or the path of a cgroup, got '${text}'`);
}

/** Returns all data of a group. */
export function describeGroup(group: Cgroup) {
  const { path, type, controllers, enabled } = group;
  return {
    ...{ path, type, controllers, enabled },
    ...(group.isRoot ? {} : { events: group.readEvents() }),
    processes: group.listProcesses(),
    groups: group.listChildren(),
    limits: group.readLimits(),
    usage: group.readUsage(),
  };
}

/** Calls back for each group directly below. A group that is removed meanwhile is left out. */
export function eachChild<Result>(group: Cgroup, use: (child: Cgroup) => Result): Result[] {
  return group.listChildren().flatMap((name) => {
    try {
      using child = group.openChild(name);
      return [use(child)];
    } catch (error) {
      if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENODEV')) return [];
      throw error;
    }
  });
}

/** Returns bytes in a form for people. */
export function sizeText(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P'];
  let at = 0;
  let value = bytes;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return at === 0 ? String(value) : `${value.toFixed(1)}${units[at]}`;
}
