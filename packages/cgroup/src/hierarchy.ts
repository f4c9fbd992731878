// The mount of the cgroup v2 tree on this machine, and the controllers on v1.
import { readFileSync } from 'node:fs';
import { SystemError } from '@ns/core';

const ENOENT = 2;

/** The cgroup hierarchies of a machine. */
export interface Hierarchy {
  /**
   * `unified`: cgroup v2 alone; `hybrid`: v2 beside v1, which has some or all of the controllers;
   * `v1`: no v2 at all; `none`: no cgroups are mounted.
   */
  readonly mode: 'unified' | 'hybrid' | 'v1' | 'none';
  /** The mount point of the v2 tree. */
  readonly mountPoint?: string;
  /** The group of the caller's cgroup namespace that is the root of that mount. */
  readonly mountRoot?: string;
  /** Controllers that the v2 tree has. */
  readonly controllers: readonly string[];
  /** Controllers that v1 hierarchies have. */
  readonly legacyControllers: readonly string[];
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** The cgroup mounts in a mountinfo. @see proc_pid_mountinfo(5) */
export function cgroupMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [own = '', filesystem] = line.split(' - ');
    const [type = '', , options = ''] = filesystem?.split(' ') ?? [];
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const [, , , root = '', point = ''] = own.split(' ');
    return [
      { root: unescapeOctal(root), point: unescapeOctal(point), type, options: options.split(',') },
    ];
  });
}

const notControllers = new Set([
  'rw',
  'ro',
  'noprefix',
  'clone_children',
  'xattr',
  'none',
  'seclabel',
  'favordynmods',
  'cpuset_v2_mode',
]);

/** Returns the cgroup hierarchies of the calling process's mount namespace. */
export function readHierarchy(): Hierarchy {
  const mounts = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const unified = mounts.filter(({ type }) => type === 'cgroup2');
  const legacy = mounts.filter(({ type }) => type === 'cgroup');
  const legacyControllers = legacy
    .flatMap(({ options }) => options)
    .filter((option) => !notControllers.has(option) && !option.includes('='));
  // The mount of the whole tree, if there are several.
  const mount = unified.find(({ root }) => root === '/') ?? unified[0];
  if (mount === undefined) {
    return { mode: legacy.length > 0 ? 'v1' : 'none', controllers: [], legacyControllers };
  }
  const text = readFileSync(`${mount.point}/cgroup.controllers`, 'utf8').trim();
  return {
    mode: legacy.length > 0 ? 'hybrid' : 'unified',
    mountPoint: mount.point,
    mountRoot: mount.root,
    controllers: text === '' ? [] : text.split(' '),
    legacyControllers,
  };
}

/** Returns mount point and root of the v2 tree. @throws {SystemError} ENOENT if it is not mounted */
export function unifiedMount(): { readonly point: string; readonly root: string } {
  const { mode, mountPoint, mountRoot } = readHierarchy();
  if (mountPoint === undefined || mountRoot === undefined) {
    throw new SystemError(ENOENT, 'open', ['cgroup2'], {
      hint:
        mode === 'v1'
          ? 'This machine has cgroup v1 only. Version 2 is needed: boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2.'
          : 'No cgroup file system is mounted here: mount -t cgroup2 none /sys/fs/cgroup.',
    });
  }
  return { point: mountPoint, root: mountRoot };
}

/** The v2 group in a /proc/PID/cgroup, as the caller's cgroup namespace names it. */
export function unifiedPath(text: string): string | undefined {
  return /^0::(.*)$/m.exec(text)?.[1]?.replace(/ \(deleted\)$/, '');
}

/** The directory of a group, if it is below the mount. */
export function directoryOf(
  path: string,
  mount: { point: string; root: string },
): string | undefined {
  if (mount.root === '/') return path === '/' ? mount.point : mount.point + path;
  if (path === mount.root) return mount.point;
  return path.startsWith(`${mount.root}/`)
    ? mount.point + path.slice(mount.root.length)
    : undefined;
}

/** The directory of the group that a process is in; undefined if it is not below the mount. */
export function directoryOfProcess(pid: number | 'self'): string | undefined {
  const path = unifiedPath(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  return path === undefined ? undefined : directoryOf(path, unifiedMount());
}

/** That of the calling process. */
export function ownDirectory(): string | undefined {
  return directoryOfProcess('self');
}
