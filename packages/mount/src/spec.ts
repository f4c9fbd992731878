// The specification of a new mount namespace.
import type { NamespaceSpec } from '@ns/core';
import { assertKeys, ownOptions } from '@ns/core/authors';
import { addMount } from './build.js';
import { assertOneOf } from './checks.js';
import { checkMount, type Mount } from './mounts.js';
import { childIsInUserNamespace } from './perform.js';
import { addPropagation } from './propagation.js';

/** Options of {@link mount}. */
export interface MountOptions {
  /**
   * What the new namespace's mounts receive from the old one's and pass on to them, recursively from
   * the root: `private` nothing in either direction, `slave` they receive, `shared` both,
   * `unchanged` as each mount had it before. A namespace made with a user namespace of its own
   * never passes anything on. Default: `'private'`, as unshare(1) does.
   */
  propagation?: 'private' | 'slave' | 'shared' | 'unchanged';
  /** What is mounted in the new namespace, in this order. */
  mounts?: readonly Mount[];
}

/**
 * A new mount namespace: a copy of the parent's mounts, in which mounting and unmounting stays among
 * the processes inside. Put it into `namespaces` of spawn or run.
 *
 * Needs CAP_SYS_ADMIN, or a user namespace made beside it.
 *
 * @example
 * const { stdout } = await run('findmnt', ['/mnt'], {
 *   namespaces: [mount({ mounts: [{ type: 'tmpfs', target: '/mnt', size: '16M' }] })],
 * });
 * @throws {TypeError | RangeError} if an option is wrong
 * @see mount_namespaces(7), unshare(1)
 */
export function mount(options: MountOptions = {}): NamespaceSpec {
  assertKeys(options, ['propagation', 'mounts'], 'mount');
  const { propagation = 'private', mounts = [] } = ownOptions(options);
  assertOneOf(propagation, ['private', 'slave', 'shared', 'unchanged'], 'propagation');
  if (!Array.isArray(mounts)) throw new TypeError(`mounts must be an array: ${String(mounts)}`);
  mounts.forEach((one: Mount, i) => {
    checkMount(one, `mounts[${i}]`);
  });
  const list: Mount[] = mounts.map((one) => ownOptions(one)); // later changes are not meant
  return {
    type: 'mount',
    prepare(child) {
      if (propagation !== 'unchanged') {
        addPropagation(child.program('propagation'), '/', propagation, true);
      }
      const program = child.program('mounts');
      const inUserNamespace = childIsInUserNamespace(child);
      for (const one of list) addMount(program, one, inUserNamespace);
    },
  };
}
