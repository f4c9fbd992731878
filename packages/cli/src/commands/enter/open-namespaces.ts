// The namespaces that `ns enter` joins, from its options.
import { Namespace, type NamespaceType } from '@ns/core';
import type { OpenProcess } from '@ns/core/authors';
import { namedTypes } from '../../arguments/namespace-types.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';
import { networkOfSocket } from './follow-target.js';

/** True if the calling thread is in the namespace. */
function isCurrent(handle: Namespace): boolean {
  using current = Namespace.current(handle.type);
  return current.equals(handle);
}

/**
 * Opens namespaces of the target, all of one moment.
 *
 * @param named types that are named; undefined for all namespaces that the caller is not in
 */
function openTargets(target: OpenProcess, named?: readonly NamespaceType[]): Namespace[] {
  return target.namespaces(named).filter((handle) => {
    // The kernel refuses to join the user namespace of the caller again.
    const isWanted = (named !== undefined && handle.type !== 'user') || !isCurrent(handle);
    if (!isWanted) handle.close();
    return isWanted;
  });
}

/**
 * Opens all namespaces that the options name.
 *
 * @param into receives the handles. The caller closes them, also after an error.
 */
export function openNamespaces(
  commandLine: CommandLine,
  target: OpenProcess | undefined,
  into: Namespace[],
): void {
  const named = namedTypes(commandLine);
  const socket = commandLine.number('net-socket');
  if (socket !== undefined) {
    if (target === undefined) throw new UsageError('--net-socket needs --target PID');
    if (commandLine.has('net')) throw new UsageError('--net and --net-socket exclude each other');
    into.push(networkOfSocket(target, socket));
  }
  const ofTarget = named.filter((type) => commandLine.value(type) === undefined);
  for (const type of named) {
    const file = commandLine.value(type);
    if (file !== undefined) into.push(Namespace.fromPath(file, type));
  }
  const all = commandLine.has('all') || (named.length === 0 && socket === undefined);
  if (!all && ofTarget.length === 0) return;
  if (target === undefined) {
    throw new UsageError(`--${ofTarget[0] ?? 'all'} needs --target PID or a file`);
  }
  const taken = new Set(into.map(({ type }) => type));
  for (const handle of openTargets(target, all ? undefined : ofTarget)) {
    if (taken.has(handle.type)) handle.close();
    else into.push(handle);
  }
}

/** Replaces the user namespace by its parent; without one, adds the owner of another namespace. */
export function useUserParent(namespaces: Namespace[]): void {
  const child = namespaces.find(({ type }) => type === 'user') ?? namespaces[0];
  if (child === undefined) throw new UsageError('--user-parent needs a namespace to join');
  const parent = child.owner();
  if (parent === null) throw new Error(`--user-parent: the owner of ${child} is not visible here`);
  const user = namespaces.findIndex(({ type }) => type === 'user');
  if (user >= 0) namespaces.splice(user, 1)[0]?.close();
  if (isCurrent(parent)) parent.close();
  else namespaces.push(parent);
}
