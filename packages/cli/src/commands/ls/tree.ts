// Namespaces as a forest, by one of three relations.
import { type DiscoveredNamespace, type NamespaceGraph, readTask } from '@ns/core';

/** Relations that trees are made by. */
export const relations = ['owner', 'parent', 'process'] as const;
export type Relation = (typeof relations)[number];

/** A namespace and the branches below it. */
export interface Branch {
  readonly namespace: DiscoveredNamespace;
  readonly children: Branch[];
}

/** Returns a function for the namespace of the nearest ancestor process that is in another one. */
function byProcess(
  graph: NamespaceGraph,
): (one: DiscoveredNamespace) => DiscoveredNamespace | null {
  const homes = new Map<string, DiscoveredNamespace>();
  for (const one of graph) for (const pid of one.processes) homes.set(`${one.type} ${pid}`, one);
  return (one) => {
    const seen = new Set<number>();
    for (let pid = one.ppid ?? 0; pid > 0 && !seen.has(pid); pid = readTask(pid)?.ppid ?? 0) {
      const home = homes.get(`${one.type} ${pid}`);
      if (home && home !== one) return home;
      seen.add(pid); // pids are reused meanwhile
    }
    return null;
  };
}

/**
 * Returns the listed namespaces as trees. A namespace whose upper one is not listed is put below the
 * next upper one that is.
 */
export function forest(
  graph: NamespaceGraph,
  listed: readonly DiscoveredNamespace[],
  relation: Relation,
): Branch[] {
  const above =
    relation === 'process' ? byProcess(graph) : (one: DiscoveredNamespace) => one[relation];
  const branches = new Map(
    listed.map((namespace): [DiscoveredNamespace, Branch] => [
      namespace,
      { namespace, children: [] },
    ]),
  );
  const roots: Branch[] = [];
  for (const branch of branches.values()) {
    const passed = new Set([branch.namespace]);
    let upper = above(branch.namespace);
    while (upper && !branches.has(upper) && !passed.has(upper)) {
      passed.add(upper);
      upper = above(upper);
    }
    const parent = upper && !passed.has(upper) ? branches.get(upper) : undefined;
    (parent?.children ?? roots).push(branch);
  }
  return roots;
}

/** Yields the namespaces in the order of drawing, each with the lines of its branch. */
export function* drawn(
  branches: readonly Branch[],
  indent = '',
  isTop = true,
): Generator<{ namespace: DiscoveredNamespace; lead: string }> {
  for (const [index, { namespace, children }] of branches.entries()) {
    const isLast = index === branches.length - 1;
    yield { namespace, lead: isTop ? '' : `${indent}${isLast ? '└─' : '├─'}` };
    yield* drawn(children, isTop ? '' : `${indent}${isLast ? '  ' : '│ '}`, false);
  }
}
