// The capabilities that a process holds in a user namespace, by the kernel's rules.
import { constants, readFileSync } from 'node:fs';
import { Namespace } from '@ns/core';
import { AT, parse } from '@ns/core/authors';
import { closeFd, O_CLOEXEC, syscall } from '@ns/core/sys';
import { type CapabilitySet, capabilitySet } from './capability.js';
import { parseCapabilities } from './capability-state.js';

function effectiveUid(status: string): number {
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
}

/** Gives a function a user namespace and those above it, as far as they can be seen. */
function withAncestors<Result>(
  target: Namespace,
  use: (line: readonly Namespace[]) => Result,
): Result {
  const line = [target];
  try {
    for (let above = target.parent(); above; above = above.parent()) line.push(above);
    return use(line);
  } finally {
    for (const namespace of line.slice(1)) namespace.close();
  }
}

/** Rounds of reading. A process that changes its user namespace more often meanwhile does so on purpose. */
const ROUNDS = 10;

/** Returns the user namespace of a process, and its status while it was in there. */
function statusIn(pid: number): { own: Namespace; status: string } {
  // By the descriptor of its directory: another process may get the number.
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC;
  const fd = syscall('openat', AT.FDCWD, `/proc/${pid}`, flags, 0);
  try {
    const directory = `/proc/self/fd/${fd}`;
    const open = () => Namespace.fromPath(`${directory}/ns/user`, 'user');
    let own = open();
    for (let round = 0; round < ROUNDS; round++) {
      const status = readFileSync(`${directory}/status`, 'utf8');
      const now = open();
      const agree = now.equals(own);
      own.close();
      own = now;
      if (agree) return { own, status };
    }
    own.close();
    throw new Error(`cannot read the capabilities of process ${pid}: they change with every look`);
  } finally {
    closeFd(fd);
  }
}

/**
 * Returns the capabilities that a process holds in a user namespace, or in the owner of a namespace of
 * another type:
 * - in its own one, and in those below: its effective ones
 * - in one that its user made right below its own, and in those below that: all
 * - elsewhere: none
 *
 * @param pid of the process
 * @param namespace to act on
 * @throws {SystemError} ENOENT without such a process, EACCES without the right to trace it
 * @see user_namespaces(7)
 */
export function capabilitiesIn(pid: number, namespace: Namespace): CapabilitySet {
  if (!Namespace.isNamespace(namespace)) {
    parse.refuse('namespace', 'a handle of a namespace', namespace);
  }
  const { own, status } = statusIn(parse.pid(pid, 'pid'));
  const owner = namespace.type === 'user' ? undefined : namespace.owner();
  try {
    const target = owner === undefined ? namespace : owner;
    if (target === null) return new Set(); // it is above all that can be seen
    return withAncestors(target, (line) => {
      const home = line.findIndex((candidate) => candidate.equals(own));
      if (home < 0) return new Set();
      const below = line[home - 1];
      const madeIt = below !== undefined && below.ownerUid() === effectiveUid(status);
      return madeIt ? capabilitySet('all') : parseCapabilities(status).effective;
    });
  } finally {
    own.close();
    owner?.close();
  }
}
