// cgroup(): a new cgroup namespace for a child.
import type { NamespaceSpec } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import type { Cgroup } from './cgroup.js';

/** Options of {@link cgroup}. */
export interface CgroupOptions {
  /**
   * The group that is the root of the namespace; the child starts in it. It must be open until the
   * child is made. Default: the caller's.
   */
  group?: Cgroup;
}

/**
 * A new cgroup namespace for a child: the cgroup that it starts in looks like the root of the tree
 * to it, so that `/proc/PID/cgroup` tells nothing about the place of that cgroup on the machine.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it. Linux 4.6; with a group, 5.7.
 *
 * @throws {TypeError} for a wrong option
 * @see cgroup_namespaces(7), unshare(1) `--cgroup`
 * @example await run('cat', ['/proc/self/cgroup'], { namespaces: [cgroup()] }); // 0::/
 */
export function cgroup(options: CgroupOptions = {}): NamespaceSpec {
  assertKeys(options, ['group'], 'cgroup');
  const { group } = ownOptions(options);
  if (group !== undefined && typeof group?.fd !== 'number') {
    throw new TypeError(`group must be a Cgroup: ${String(group)}`);
  }
  return {
    type: 'cgroup',
    prepare(child) {
      if (group === undefined) return;
      child.startInCgroup(group.fd);
      // A clone roots the namespace at its caller's group: it has to be made by the child itself.
      child.isolate();
    },
  };
}
