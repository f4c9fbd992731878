// Propagation: whether mounts and unmounts below a mount reach its copies elsewhere.
import { assertKeys, MS, ownOptions, type Program } from '@ns/core/authors';
import { assertFlag, assertPath } from './checks.js';
import { type Place, perform } from './perform.js';

/**
 * How a mount passes on what is mounted and unmounted below it.
 * - `private`: nothing is received, nothing is passed on
 * - `slave`: what happens at the master is received, nothing is passed on
 * - `shared`: the members of its peer group receive from each other
 * - `unbindable`: private, and cannot be bound elsewhere
 *
 * @see mount_namespaces(7)
 */
export type Propagation = 'private' | 'slave' | 'shared' | 'unbindable';

/** Options of {@link setPropagation}. */
export interface PropagationOptions extends Place {
  /** Change the mounts below as well. Default: false. */
  recursive?: boolean;
}

/** The MS_* flag of each. */
export const propagationFlags: Readonly<Record<Propagation, number>> = {
  private: MS.PRIVATE,
  slave: MS.SLAVE,
  shared: MS.SHARED,
  unbindable: MS.UNBINDABLE,
};

/** Throws unless the value is a {@link Propagation}. */
export function assertPropagation(
  value: unknown,
  name = 'propagation',
): asserts value is Propagation {
  if (typeof value !== 'string' || !Object.hasOwn(propagationFlags, value)) {
    const known = Object.keys(propagationFlags).join(', ');
    throw new TypeError(`${name} must be one of ${known}: ${String(value)}`);
  }
}

/** Adds the call that sets a mount's propagation. */
export function addPropagation(
  program: Program,
  path: string,
  propagation: Propagation,
  recursive: boolean,
): void {
  const flags = propagationFlags[propagation] | (recursive ? MS.REC : 0);
  program.call('mount', null, path, null, flags, null, {
    step: `making the mounts at ${path} ${propagation}`,
  });
}

/**
 * `mount(NULL, path, NULL, MS_PRIVATE | ..., NULL)`: sets the propagation of the mount at a path,
 * which must be a mountpoint; the twin of `mount --make-rprivate path`. For a mount that is both
 * slave and shared, make it a slave first, then shared.
 *
 * Needs CAP_SYS_ADMIN over the mount namespace.
 *
 * @throws {SystemError} EINVAL if the path is no mountpoint, ENOENT, EPERM
 * @see mount(2), mount_namespaces(7)
 */
export function setPropagation(
  path: string,
  propagation: Propagation,
  options: PropagationOptions = {},
): void {
  assertPath(path, 'path');
  assertPropagation(propagation);
  assertKeys(options, ['recursive', 'in'], 'options');
  const { recursive = false } = ownOptions(options);
  assertFlag(recursive, 'recursive');
  perform((program) => addPropagation(program, path, propagation, recursive), options);
}
