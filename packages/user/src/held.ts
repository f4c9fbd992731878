// Which capabilities a process holds in a user namespace, by the kernel's rules.
import { readFileSync } from 'node:fs';
import { Namespace } from '@ns/core';
import { type CapabilitySet, capabilitySet } from './capability.js';
import { parseCapabilities } from './capability-state.js';

function effectiveUid(status: string): number {
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1]);
}

/** Runs a function with a user namespace and those above it, as far as they can be seen. */
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

/**
 * The capabilities that a process holds in a user namespace, or in what a namespace of another type
 * belongs to:
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
    throw new TypeError(`namespace must be a namespace handle: ${String(namespace)}`);
  }
  const own = Namespace.of(pid, 'user');
  const owner = namespace.type === 'user' ? undefined : namespace.owner();
  try {
    const target = owner === undefined ? namespace : owner;
    if (target === null) return new Set(); // above everything that can be seen
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
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
