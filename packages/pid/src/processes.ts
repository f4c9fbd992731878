// Who is in a pid namespace.
import { Namespace } from '@ns/core';
import {
  assertKeys,
  type NamespaceTarget,
  ownOptions,
  targetOf,
  withTarget,
} from '@ns/core/authors';
import { levelOf, numberIn, pidFrom } from './numbering.js';
import { allPids, entryOf, nestedPids, type ProcessEntry, statusOf, threadsOf } from './proc.js';

/** Options of what asks about a pid namespace. */
export interface InOptions {
  /** The pid namespace: a handle, or the pid of a process in it. Default: the calling process's. */
  in?: NamespaceTarget;
}

/** Options of {@link processes}. */
export interface ProcessesOptions extends InOptions {
  /** Also those in the namespaces further in. Default: false. */
  descendants?: boolean;
}

/** A thread of a process in a pid namespace. */
export interface ThreadEntry {
  /** Its number in the caller's pid namespace. */
  readonly tid: number;
  /** All numbers it has: in the caller's namespace first, in its own last. */
  readonly tids: readonly number[];
  /** The number of its process in the caller's pid namespace. */
  readonly pid: number;
}

/** A process with its children. */
export interface ProcessNode extends ProcessEntry {
  readonly children: readonly ProcessNode[];
}

/** Gives the namespace meant by `in` to a function. */
export function withNamespace<Result>(
  target: NamespaceTarget | undefined,
  use: (namespace: Namespace) => Result,
): Result {
  if (target !== undefined) return withTarget('pid', target, use);
  const own = Namespace.of('self', 'pid');
  try {
    return use(own);
  } finally {
    own.close();
  }
}

/**
 * The processes in a pid namespace, by number. Those that begin or end meanwhile may or may not be
 * among them. A namespace that is not below the caller's own has no visible processes.
 *
 * Reads /proc, which has to be the one of the caller's pid namespace. Before Linux 6.11, processes
 * whose namespaces the caller may not see are left out.
 *
 * @throws {SystemError} if a namespace given by pid may not be opened
 * @see pid_namespaces(7), lsns(8)
 */
export function processes(options: ProcessesOptions = {}): ProcessEntry[] {
  assertKeys(options, ['in', 'descendants'], 'options');
  const { in: target, descendants = false } = ownOptions(options);
  if (typeof descendants !== 'boolean') {
    throw new TypeError(`descendants must be a boolean: ${String(descendants)}`);
  }
  return withNamespace(target, (namespace) => {
    const level = levelOf(namespace);
    if (level === undefined) return [];
    const list: ProcessEntry[] = [];
    for (const pid of allPids()) {
      const number = numberIn(namespace, pid);
      const entry = number === null ? undefined : entryOf(pid);
      // The number in the namespace is asked for twice, so that a recycled one does not pass.
      if (!entry || entry.pids[level] !== number?.pid) continue;
      if (descendants || entry.pids.length === level + 1) list.push(entry);
    }
    return list;
  });
}

/** The threads of all processes in a pid namespace. */
export function threads(options: ProcessesOptions = {}): ThreadEntry[] {
  return processes(options).flatMap(({ pid }) =>
    threadsOf(pid).flatMap((tid) => {
      const status = statusOf(tid);
      return status === undefined ? [] : [{ tid, tids: nestedPids(status), pid }];
    }),
  );
}

/**
 * The number, in the caller's pid namespace, of a namespace's init: its process 1, with which it
 * ends. Null if it has none (any more), or is not below the caller's own.
 */
export function initOf(options: InOptions = {}): number | null {
  return withNamespace(targetOf(options), (namespace) => pidFrom(namespace, 1)?.pid ?? null);
}

/** Puts every process below its parent; whose parent is missing is a root. */
export function treeOf(entries: readonly ProcessEntry[]): ProcessNode[] {
  const nodes = new Map(
    entries.map((entry) => [entry.pid, { ...entry, children: [] as ProcessNode[] }]),
  );
  const roots: ProcessNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.ppid);
    if (parent === undefined || parent === node) roots.push(node);
    else parent.children.push(node);
  }
  return roots;
}

/**
 * The processes in a pid namespace and in all namespaces further in, each below its parent. A
 * process that has been moved in from outside (as by nsenter(1)) is a root of its own.
 *
 * @see pstree(1) `--ns-changes`
 */
export function processTree(options: InOptions = {}): ProcessNode[] {
  const target = targetOf(options);
  return treeOf(processes({ ...(target !== undefined && { in: target }), descendants: true }));
}
