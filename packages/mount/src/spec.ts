// The specification of a new mount namespace.
import type { NamespaceSpec } from '@ns/core';
import { type Members, parse } from '@ns/core/authors';
import { addMount } from './build.js';
import type { Mount } from './mounts.js';
import { parseMount } from './parse-mount.js';
import { addPropagation } from './propagation.js';
import { childIsInUserNamespace } from './run-in-namespace.js';

/** Options of {@link mount}. */
export interface MountOptions {
  /**
   * Mounts and unmounts that the new namespace's mounts exchange with the old one's, recursively from
   * the root: `private` none in either direction, `slave` they receive, `shared` both, `unchanged` as
   * each mount had it before. A namespace that is made with a user namespace of its own never passes
   * any on. Default: `'private'`, as unshare(1) does.
   */
  propagation?: 'private' | 'slave' | 'shared' | 'unchanged' | undefined;
  /** Mounts to make in the new namespace, in this order. */
  mounts?: readonly Mount[] | undefined;
}

const parseOptions = parse.options({
  propagation: parse.withDefault(parse.oneOf('private', 'slave', 'shared', 'unchanged'), 'private'),
  mounts: parse.withDefault(parse.list(parseMount), []),
} satisfies Members<MountOptions>);

/**
 * Specifies a new mount namespace: a copy of the parent's mounts, in which mounting and unmounting stays among
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
  const { propagation, mounts } = parseOptions(options, 'mount');
  return {
    type: 'mount',
    prepare(child) {
      if (propagation !== 'unchanged') {
        addPropagation(child.program('propagation'), '/', propagation, true);
      }
      const program = child.program('mounts');
      const isInUserNamespace = childIsInUserNamespace(child);
      for (const one of mounts) addMount(program, one, isInUserNamespace);
    },
  };
}
