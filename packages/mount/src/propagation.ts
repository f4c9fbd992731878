// Propagation: the copies of a mount that mounts and unmounts below it reach.
import type { InOptions } from '@ns/core';
import { inNamespace, type Members, MS, type Program, parse } from '@ns/core/authors';
import { runInNamespace } from './run-in-namespace.js';

/**
 * The way in which a mount passes on the mounts and unmounts below it.
 * - `private`: nothing is received, nothing is passed on
 * - `slave`: what happens at the master is received, nothing is passed on
 * - `shared`: the members of its peer group receive from each other
 * - `unbindable`: private, and cannot be bound elsewhere
 *
 * @see mount_namespaces(7)
 */
export type Propagation = 'private' | 'slave' | 'shared' | 'unbindable';

/** Options of {@link setPropagation}. */
export interface PropagationOptions extends InOptions {
  /** Change the mounts below as well. Default: false. */
  recursive?: boolean | undefined;
}

/** The MS_* flag of each propagation. */
export const propagationFlags: Readonly<Record<Propagation, number>> = {
  private: MS.PRIVATE,
  slave: MS.SLAVE,
  shared: MS.SHARED,
  unbindable: MS.UNBINDABLE,
};

/** A {@link Propagation}. */
export const parsePropagation = parse.oneOf('private', 'slave', 'shared', 'unbindable');

const parseOptions = parse.options({
  in: inNamespace('mount'),
  recursive: parse.withDefault(parse.boolean, false),
} satisfies Members<PropagationOptions>);

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
 * @throws {SystemError} EINVAL if the path is not a mountpoint, ENOENT, EPERM
 * @see mount(2), mount_namespaces(7)
 */
export function setPropagation(
  path: string,
  propagation: Propagation,
  options: PropagationOptions = {},
): void {
  const target = parse.path(path, 'path');
  const kind = parsePropagation(propagation, 'propagation');
  const { in: namespace, recursive } = parseOptions(options);
  runInNamespace(namespace, (program) => addPropagation(program, target, kind, recursive));
}
