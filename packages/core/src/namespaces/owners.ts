// Which namespaces may be joined together: those that the joined user namespace rules over.
import { Namespace } from './namespace.js';

/** Returns whether a user namespace is this one, or lies below it. */
function isBelow(namespace: Namespace, above: Namespace): boolean {
  if (namespace.equals(above)) return true;
  using parent = namespace.parent();
  return parent !== null && isBelow(parent, above);
}

function mayJoin(namespace: Namespace, owner: Namespace, user: Namespace): boolean {
  if (owner.equals(user)) return true;
  // Its owner decides which programs are in the files: a command in there has to be the owner's own.
  if (namespace.type === 'mount') return false;
  return isBelow(owner, user) || isBelow(user, owner);
}

function refuse(namespace: Namespace, owner: Namespace | null, user: Namespace): never {
  throw new Error(
    `cannot join ${namespace}: it belongs to ${owner ?? 'a user namespace out of sight'}, and commands would be in ${user}\n  Join its own user namespace as well.`,
  );
}

/**
 * Throws unless these namespaces can be joined together without a command having more rights than
 * what decides about its surroundings. The user namespace among them, or else the calling thread's, is
 * the one that commands are in:
 * - a mount namespace must belong to it
 * - namespaces of other types must belong to it, to one below it, or to one above it
 *
 * The counterpart of SECURITY.md S1 for joins without a user namespace: the kernel lets root join the
 * mount namespace of a container alone, and a command then runs the container's programs as root.
 *
 * @throws {Error} naming the handle and its owner
 */
export function assertOwners(namespaces: readonly Namespace[]): void {
  const joined = namespaces.find(({ type }) => type === 'user');
  using current = joined ? null : Namespace.current('user');
  const user = joined ?? (current as Namespace);
  for (const one of namespaces) {
    if (one.type === 'user') continue;
    using owner = one.owner();
    if (owner === null || !mayJoin(one, owner, user)) refuse(one, owner, user);
  }
}
