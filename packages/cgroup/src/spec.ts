// The spec of a new cgroup namespace.
import type { NamespaceSpec } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';
import type { Cgroup } from './cgroup.js';

/** Options of {@link cgroup}. */
export interface CgroupOptions {
  /**
   * The group that is the root of the namespace, in which the child starts. It must be open until the
   * child is started. Default: the caller's.
   */
  group?: Cgroup | undefined;
}

/** A handle of a group, also from another copy of this package. */
const groupHandle: Parser<Cgroup> = (value, name) =>
  typeof (value as Cgroup | null)?.fd === 'number'
    ? (value as Cgroup)
    : parse.refuse(name, 'a Cgroup', value);

const parseCgroup = parse.options({ group: groupHandle } satisfies Members<CgroupOptions>);

/**
 * Returns the spec of a new cgroup namespace: the group that the child starts in is the root of the tree
 * for it, so that `/proc/PID/cgroup` hides the path of that group on the machine.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it. Linux 4.6; with a group, 5.7.
 *
 * @throws {TypeError} for a wrong option
 * @see cgroup_namespaces(7), unshare(1) `--cgroup`
 * @example await run('cat', ['/proc/self/cgroup'], { namespaces: [cgroup()] }); // 0::/
 */
export function cgroup(options: CgroupOptions = {}): NamespaceSpec {
  const { group } = parseCgroup(options, 'cgroup');
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
