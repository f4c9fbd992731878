// discover(): every namespace of the machine, and how they are connected.
import { type Members, options as parseOptions, withDefault } from '../contract/options.js';
import type { Parser } from '../contract/parser.js';
import { boolean, callback, list, namespaceType, pid } from '../contract/values.js';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { type Container, containerOf } from './container.js';
import type { Entry } from './entry.js';
import { type DiscoveredNamespace, NamespaceGraph, type NamespacePath, writable } from './graph.js';
import { waysTo } from './reach.js';
import { type Findings, search } from './search.js';
import { readTask, type Task } from './task.js';

/** Options of {@link discover}. */
export interface DiscoverOptions {
  /** Only namespaces of these types. Default: all. */
  types?: NamespaceType | readonly NamespaceType[] | undefined;
  /** Only namespaces that this process or thread is in, or its children will be. */
  task?: number | undefined;
  /** Only namespaces without any task (true), or with one (false). Default: both. */
  persistent?: boolean | undefined;
  /** Filter: only namespaces for which it returns true. */
  filter?: ((namespace: DiscoveredNamespace) => boolean) | undefined;
  /** Look through the open descriptors of all processes. Default: true. */
  descriptors?: boolean | undefined;
  /** Look up the network namespaces of all sockets. Default: true, if `net` is among the types. */
  sockets?: boolean | undefined;
  /** Look through the mounts of all mount namespaces. Default: true. */
  mounts?: boolean | undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The parser of a type, or of several. */
const parseTypes: Parser<ReadonlySet<NamespaceType>> = (value, name) =>
  new Set(Array.isArray(value) ? list(namespaceType)(value, name) : [namespaceType(value, name)]);

const parseDiscover = parseOptions({
  types: withDefault(parseTypes, new Set(allNamespaceTypes)),
  task: pid,
  persistent: boolean,
  filter: callback<NonNullable<DiscoverOptions['filter']>>(),
  descriptors: withDefault(boolean, true),
  sockets: withDefault(boolean, true),
  mounts: withDefault(boolean, true),
} satisfies Members<DiscoverOptions>);

function isWanted(
  one: DiscoveredNamespace,
  { types, task, persistent, filter }: ReturnType<typeof parseDiscover>,
): boolean {
  return (
    types.has(one.type) &&
    (task === undefined ||
      [one.processes, one.threads, one.forChildren].some((tasks) => tasks.includes(task))) &&
    (persistent === undefined || persistent === (one.pid === null)) &&
    (filter === undefined || filter(one))
  );
}

/** Returns the function with its answers kept: a task can be the first of several namespaces. */
function once<Answer>(ask: (task: number) => Answer): (task: number) => Answer {
  const answers = new Map<number, Answer>();
  return (task) => {
    const known = answers.get(task);
    if (known !== undefined) return known;
    const answer = ask(task);
    answers.set(task, answer);
    return answer;
  };
}

const order = new Map(allNamespaceTypes.map((type, index) => [type, index]));
const byTypeAndInode = (a: Entry, b: Entry) =>
  (order.get(a.type) ?? 0) - (order.get(b.type) ?? 0) || a.inode - b.inode;

type Node = Mutable<Omit<DiscoveredNamespace, 'toString' | 'toJSON'>> & {
  paths: NamespacePath[];
  children: DiscoveredNamespace[];
  owned: DiscoveredNamespace[];
};

function nodeOf(
  entry: Entry,
  dev: bigint,
  read: (task: number) => Task | null,
  container: (task: number) => Container | null,
): Node {
  const { type, inode, processes, threads, forChildren, descriptors, sockets } = entry;
  const pid = processes[0] ?? threads[0] ?? forChildren[0] ?? null;
  const task = pid === null ? null : read(pid);
  const isInitial = namespaceTypes[type].initialInode === BigInt(inode);
  return {
    type,
    id: Object.freeze({ dev, ino: BigInt(inode) }),
    nsid: entry.uniqueId,
    isInitial,
    processes,
    threads,
    forChildren,
    pid,
    ppid: task?.ppid ?? null,
    uid: task?.uid ?? null,
    command: task?.command ?? null,
    container: isInitial || pid === null ? null : container(pid),
    path: waysTo(entry).next().value ?? null,
    paths: [],
    descriptors,
    sockets,
    parent: null,
    children: [],
    owner: null,
    owned: [],
    creatorUid: null,
    netnsid: entry.netnsid,
  };
}

function connect({ dev, entries }: Findings): DiscoveredNamespace[] {
  const [read, container] = [once(readTask), once(containerOf)];
  const sorted = [...entries].sort(byTypeAndInode);
  const nodes = new Map(sorted.map((entry) => [entry, nodeOf(entry, dev, read, container)]));
  const own = sorted.find(
    ({ type, processes }) => type === 'mount' && processes.includes(process.pid),
  );
  const made = new Map([...nodes].map(([entry, node]) => [entry, writable(node)]));
  const byInode = new Map(sorted.map((entry) => [entry.inode, made.get(entry)]));
  for (const [entry, node] of nodes) {
    const self = made.get(entry) as DiscoveredNamespace;
    const [owner, parent] = [entry.owner, entry.parent].map((one) => one && made.get(one));
    node.owner = owner ?? null;
    node.parent = parent ?? null;
    if (entry.owner) nodes.get(entry.owner)?.owned.push(self);
    if (entry.parent) nodes.get(entry.parent)?.children.push(self);
    node.creatorUid = (entry.type === 'user' ? entry : entry.owner)?.creatorUid ?? null;
    for (const { path, mountNamespace } of entry.pins) {
      const place = byInode.get(mountNamespace);
      if (place) node.paths.push({ path, mountNamespace: place });
      if (mountNamespace === own?.inode) node.path ??= path;
    }
  }
  return [...made.values()];
}

function withoutRelatives(entries: readonly Entry[]): number[] {
  return entries
    .filter(({ type, inode, owner, parent }) => {
      if (namespaceTypes[type].initialInode === BigInt(inode)) return false;
      return owner === null || (type === 'pid' && parent === null);
    })
    .map(({ inode }) => inode);
}

/**
 * Finds every namespace of the machine: those that processes and threads are in, and those that only
 * a mount in any mount namespace, a descriptor or a socket of any process keeps alive; their
 * ancestors and owners; mount namespaces without processes. What lsns(8) shows is part of it.
 *
 * {@link NamespaceGraph.hidden} names what the caller may not see. Without privileges, the processes
 * of the same user can be seen. Descriptors and mounts of others need CAP_SYS_PTRACE, sockets of
 * other network namespaces CAP_NET_ADMIN there, mount namespaces without processes CAP_SYS_ADMIN
 * there (Linux 6.12). From Linux 6.19 on the kernel lists by itself all that the caller may see.
 *
 * Blocks for some microseconds per process and descriptor; what ends meanwhile is left out. Reads
 * the /proc of the calling thread's mount namespace, so it shows the tasks of that /proc's pid
 * namespace. The descriptor tables of threads that do not share their process's are not looked into.
 *
 * @example
 * for (const { type, id, path } of discover({ types: 'net', persistent: true })) console.log(type, id.ino, path);
 * @throws {TypeError} for a wrong option
 * @see lsns(8), namespaces(7), ioctl_nsfs(2)
 */
export function discover(options: DiscoverOptions = {}): NamespaceGraph {
  const parsed = parseDiscover(options);
  const { types, descriptors, sockets, mounts } = parsed;
  const findings = search({ descriptors, sockets: sockets && types.has('net'), mounts });
  return new NamespaceGraph(connect(findings), (one) => isWanted(one, parsed), {
    processes: findings.processes,
    descriptors: findings.descriptors,
    sockets: findings.sockets,
    mounts: findings.mounts,
    relatives: withoutRelatives(findings.entries),
  });
}
