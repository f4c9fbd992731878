// Where an operation happens. Each is described once, as a program of system calls, which is then
// made by the calling thread, by a short-lived child inside another mount namespace, or by a child
// before it runs its command.
//
// Another namespace is not entered by this process: a thread of it could do so only after parting
// with the root and working directory that all threads share, and user namespaces not at all. A
// child that joins and runs the very same program can do both, costs a millisecond, and nothing
// has to be brought back when something fails.
import { Namespace } from '@ns/core';
import { ownOptions, type Preparation, Program, runProgramSync } from '@ns/core/authors';
import { performHere } from './here.js';
import { isAdmin } from './privileges.js';

/** Where an operation happens. */
export interface Place {
  /**
   * Another mount namespace: a handle, or the pid of a process in it. Paths are then meant as seen
   * from its root. Without CAP_SYS_ADMIN, the user namespace that owns it is joined as well.
   * Default: that of the calling thread.
   */
  in?: Namespace | number;
}

/** The user namespace to be joined so that the calls are permitted inside, if that is needed. */
function ownersOf(target: Namespace): Namespace[] {
  if (isAdmin()) return [];
  const owner = target.owner();
  if (owner === null) return [];
  using own = Namespace.current('user');
  if (!owner.equals(own)) return [owner];
  owner.close(); // it cannot be joined again, and need not be
  return [];
}

/** Throws unless `in` can be a mount namespace: a handle of one, or a pid. */
export function assertPlace({ in: place }: Place): void {
  if (place === undefined) return;
  if (Namespace.isNamespace(place)) {
    if (place.type === 'mount') return;
    throw new TypeError(`in must be a mount namespace: it is a ${place.type} namespace`);
  }
  if (typeof place !== 'number') {
    throw new TypeError(`in must be a namespace handle or a pid: ${String(place)}`);
  }
  if (!Number.isInteger(place) || place <= 0) {
    throw new RangeError(`in must be a pid, or a namespace handle: ${place}`);
  }
}

/** Calls back with what has to be joined to be in this mount namespace. */
export function withHandles<Result>(
  place: Namespace | number,
  use: (handles: readonly Namespace[]) => Result,
): Result {
  assertPlace({ in: place });
  if (!Namespace.isNamespace(place)) {
    using handle = Namespace.of(place, 'mount');
    return withHandles(handle, use);
  }
  const owners = ownersOf(place);
  try {
    return use([...owners, place]);
  } finally {
    for (const owner of owners) owner.close();
  }
}

/** Whether a child's mounts will be owned by another user namespace than the initial one. */
export function childIsInUserNamespace({ creates, joins }: Preparation): boolean {
  if (creates.has('user') || joins.has('user')) return true;
  using own = Namespace.current('user');
  return !own.isInitial;
}

function isInUserNamespace(place: Namespace | undefined): boolean {
  if (place === undefined) {
    using own = Namespace.current('user');
    return !own.isInitial;
  }
  using owner = place.owner() ?? undefined;
  return owner === undefined || !owner.isInitial;
}

/** Adds the calls of an operation. */
export type Build = (program: Program, inUserNamespace: boolean) => void;

/** Makes the calls of an operation in the mount namespace that is meant. */
export function perform(build: Build, options: Place = {}): void {
  const { in: place } = ownOptions(options);
  const program = new Program();
  if (place === undefined) {
    build(program, isInUserNamespace(undefined));
    performHere(program);
    return;
  }
  withHandles(place, (namespaces) => {
    build(program, isInUserNamespace(namespaces.at(-1)));
    runProgramSync(program, { namespaces });
  });
}
