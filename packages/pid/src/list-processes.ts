// Processes and threads of a pid namespace.
import { type InOptions, Namespace } from '@ns/core';
import {
  inNamespace,
  type Members,
  type NamespaceTarget,
  parse,
  withTarget,
} from '@ns/core/authors';
import { levelOf, numberIn, pidFrom } from './numbers-in-namespace.js';
import {
  allPids,
  entryOf,
  nestedPids,
  type ProcessEntry,
  statusOf,
  threadsOf,
} from './proc-status.js';

/** Options of {@link listProcesses}. */
export interface ListOptions extends InOptions {
  /** Include the processes of namespaces further in. Default: false. */
  descendants?: boolean | undefined;
}

const parseList = parse.options({
  in: inNamespace('pid'),
  descendants: parse.withDefault(parse.boolean, false),
} satisfies Members<ListOptions>);

/** Parses options that name a pid namespace. */
export const parseIn = parse.options({ in: inNamespace('pid') } satisfies Members<InOptions>);

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

/** Gives a function the namespace of `in`; by default that of the calling process. */
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
 * Returns the processes in a pid namespace, by number. Those that begin or end meanwhile may be
 * missing. A namespace outside of the caller's own has no visible processes.
 *
 * Reads /proc, which has to be the one of the caller's pid namespace. Before Linux 6.11, processes
 * whose namespaces the caller may not see are left out.
 *
 * @throws {SystemError} if a namespace given by pid may not be opened
 * @see pid_namespaces(7), lsns(8)
 */
export function listProcesses(options: ListOptions = {}): ProcessEntry[] {
  const { in: target, descendants } = parseList(options);
  return withNamespace(target, (namespace) => listIn(namespace, descendants));
}

/** Returns the processes in a namespace, and on request in those further in. */
export function listIn(namespace: Namespace, descendants: boolean): ProcessEntry[] {
  const level = levelOf(namespace);
  if (level === undefined) return [];
  const list: ProcessEntry[] = [];
  for (const pid of allPids()) {
    const number = numberIn(namespace, pid);
    const entry = number === null ? undefined : entryOf(pid);
    // The number in the namespace is read twice, so that a recycled one does not pass.
    if (!entry || entry.pids[level] !== number?.pid) continue;
    if (descendants || entry.pids.length === level + 1) list.push(entry);
  }
  return list;
}

/** Returns the threads of all processes in a pid namespace. */
export function listThreads(options: ListOptions = {}): ThreadEntry[] {
  return listProcesses(options).flatMap(({ pid }) =>
    threadsOf(pid).flatMap((tid) => {
      const status = statusOf(tid);
      return status === undefined ? [] : [{ tid, tids: nestedPids(status), pid }];
    }),
  );
}

/**
 * Returns the pid, in the caller's pid namespace, of a namespace's init: its process 1, with which it
 * ends. Null if the namespace has ended or is outside of the caller's own.
 */
export function findInit(options: InOptions = {}): number | null {
  return withNamespace(parseIn(options).in, (namespace) => pidFrom(namespace, 1)?.pid ?? null);
}

/** Puts every process below its parent. A process whose parent is missing is a root. */
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
 * Returns the processes in a pid namespace and in all namespaces further in, each below its parent. A
 * process that has been moved in from outside (as by nsenter(1)) is a root of its own.
 *
 * @see pstree(1) `--ns-changes`
 */
export function listProcessTree(options: InOptions = {}): ProcessNode[] {
  return withNamespace(parseIn(options).in, (namespace) => treeOf(listIn(namespace, true)));
}
