// Carries out an operation in a mount namespace. Each is described once, as a program of system calls.
// The calling thread makes them, or a short-lived child that joins another mount namespace.
//
// The thread itself cannot enter another one: it would have to give up the root and working directory
// that all threads share, and it could not enter a user namespace at all. A child that joins and runs the
// very same program can do both, costs a millisecond, and leaves nothing to be brought back on failure.
import { isSystemError, Namespace, SystemError } from '@ns/core';
import {
  type Call,
  inNamespace,
  type NamespaceTarget,
  type Preparation,
  Program,
  parse,
  runOnThread,
  runProgramSync,
} from '@ns/core/authors';
import { isAdmin } from './privileges.js';

/** The option `in` of functions that have no other option. */
export const parseIn = parse.options({ in: inNamespace('mount') });

/** Returns the user namespace to be joined so that the calls are permitted inside, if that is needed. */
function ownersOf(target: Namespace): Namespace[] {
  if (isAdmin()) return [];
  const owner = target.owner();
  if (owner === null) return [];
  using own = Namespace.current('user');
  if (!owner.equals(own)) return [owner];
  owner.close(); // it cannot be joined again, and need not be
  return [];
}

/** Opens a mount namespace for a function; one that was opened for it is closed afterwards. */
export function withNamespace<Result>(
  target: NamespaceTarget,
  use: (namespace: Namespace) => Result,
): Result {
  if (typeof target !== 'number') return use(target);
  using namespace = Namespace.of(target, 'mount');
  return use(namespace);
}

/** Gives a function the handles that a child joins to be in a mount namespace. */
export function withJoins<Result>(
  target: NamespaceTarget,
  use: (handles: readonly Namespace[]) => Result,
): Result {
  return withNamespace(target, (namespace) => {
    const owners = ownersOf(namespace);
    try {
      return use([...owners, namespace]);
    } finally {
      for (const owner of owners) owner.close();
    }
  });
}

/** True if a child's mounts will be owned by another user namespace than the initial one. */
export function childIsInUserNamespace({ creates, joins }: Preparation): boolean {
  return creates.has('user') || joins.has('user') || threadIsInUserNamespace();
}

/** True if the calling thread is in another user namespace than the initial one. */
export function threadIsInUserNamespace(): boolean {
  using own = Namespace.current('user');
  return !own.isInitial;
}

function isOwnedByUserNamespace(namespace: Namespace): boolean {
  using owner = namespace.owner() ?? undefined;
  return owner === undefined || !owner.isInitial;
}

const UNPRIVILEGED =
  'Mounts need CAP_SYS_ADMIN. Without it, mount in the namespace of a child that has a user namespace of its own.';

/**
 * Makes the calls of an operation on the calling thread.
 *
 * @returns the descriptor of `keep`; -1 without it
 */
export function runHere(program: Program, keep?: Call): number {
  try {
    return runOnThread(program, keep);
  } catch (error) {
    if (!isSystemError(error, 'EPERM') || error.hint !== undefined || isAdmin()) throw error;
    const { errno, syscall, args, step, part } = error;
    throw new SystemError(errno, syscall, args, {
      hint: UNPRIVILEGED,
      ...(step === undefined ? {} : { step }),
      ...(part === undefined ? {} : { part }),
    });
  }
}

/** Adds the calls of an operation. */
export type Build = (program: Program, isInUserNamespace: boolean) => void;

/**
 * Makes the calls of an operation in a mount namespace.
 *
 * @param target the namespace; undefined for that of the calling thread
 */
export function runInNamespace(target: NamespaceTarget | undefined, build: Build): void {
  const program = new Program();
  if (target === undefined) {
    build(program, threadIsInUserNamespace());
    runHere(program);
    return;
  }
  withJoins(target, (namespaces) => {
    build(program, isOwnedByUserNamespace(namespaces.at(-1) as Namespace));
    runProgramSync(program, { namespaces });
  });
}
