// All namespaces that the tasks of the machine are in.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { allNamespaceTypes, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { links, readLinks } from './links.js';
import type { NamespaceId } from './nsfs.js';

/** A namespace and who is in it. All numbers are those of /proc's pid namespace, ascending. */
export interface NamespaceInfo {
  readonly type: NamespaceType;
  /** Identity: device and inode. */
  readonly id: NamespaceId;
  /** True if the kernel made it at the start of the machine. */
  readonly isInitial: boolean;
  /** Processes whose main thread is in it. */
  readonly processes: readonly number[];
  /** Other threads in it whose main thread is elsewhere. */
  readonly threads: readonly number[];
  /** Tasks that are elsewhere themselves, but whose new children will be in it (pid and time). */
  readonly forChildren: readonly number[];
  /** Command line of the first of these tasks, or its name in brackets; null if it has ended. */
  readonly command: string | null;
  /** Effective user of that task; null if it has ended. */
  readonly uid: number | null;
}

/** The result of {@link listNamespaces}. */
export interface NamespaceList {
  /** Ordered by type and inode. */
  readonly namespaces: readonly NamespaceInfo[];
  /** Processes whose namespaces the caller may not see: there may be more namespaces than these. */
  readonly hidden: readonly number[];
}

interface Found {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly processes: number[];
  readonly threads: number[];
  readonly forChildren: number[];
}

const ascending = (a: number, b: number) => a - b;
// A directory with n threads has n + 2 links.
const ONE_THREAD = 3;

function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory).map(Number).filter(Number.isInteger);
  } catch {
    return []; // the process has ended
  }
}

class Search {
  readonly hidden: number[] = [];
  readonly #found = links.map(() => new Map<number, Found>());
  readonly #ofProcess = new Float64Array(links.length);
  readonly #ofThread = new Float64Array(links.length);

  get found(): Found[] {
    return this.#found.flatMap((map) => [...map.values()]);
  }

  #entry(link: number, inode: number): Found {
    const { type, own = link } = links[link] as (typeof links)[number];
    const map = this.#found[own] as Map<number, Found>;
    let entry = map.get(inode);
    if (!entry) {
      entry = { type, inode, processes: [], threads: [], forChildren: [] };
      map.set(inode, entry);
    }
    return entry;
  }

  process(pid: number): void {
    const inodes = this.#ofProcess;
    if (!readLinks(`/proc/${pid}`, inodes)) {
      this.hidden.push(pid);
      return;
    }
    for (let i = 0; i < inodes.length; i++) {
      const inode = inodes[i] as number;
      const own = links[i]?.own;
      if (inode === 0) continue;
      if (own === undefined) this.#entry(i, inode).processes.push(pid);
      else if (inode !== inodes[own]) this.#entry(i, inode).forChildren.push(pid);
    }
    const tasks = `/proc/${pid}/task`;
    if ((statSync(tasks, { throwIfNoEntry: false })?.nlink ?? 0) <= ONE_THREAD) return;
    for (const tid of numbersIn(tasks)) if (tid !== pid) this.#thread(`${tasks}/${tid}`, tid);
  }

  /** A thread counts where it differs from its process. */
  #thread(path: string, tid: number): void {
    const inodes = this.#ofThread;
    readLinks(path, inodes);
    for (let i = 0; i < inodes.length; i++) {
      const inode = inodes[i] as number;
      const own = links[i]?.own;
      if (inode === 0 || inode === this.#ofProcess[i]) continue;
      if (own === undefined) this.#entry(i, inode).threads.push(tid);
      else if (inode !== inodes[own]) this.#entry(i, inode).forChildren.push(tid);
    }
  }
}

function commandOf(task: number): string | null {
  try {
    const line = readFileSync(`/proc/${task}/cmdline`, 'utf8').replace(/\0+$/, '');
    if (line !== '') return line.replaceAll('\0', ' ');
    return `[${readFileSync(`/proc/${task}/comm`, 'utf8').trimEnd()}]`;
  } catch {
    return null;
  }
}

function uidOf(task: number): number | null {
  try {
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${task}/status`, 'utf8'))?.[1];
    return uid === undefined ? null : Number(uid);
  } catch {
    return null;
  }
}

/** Asks about a task once, in how many namespaces it may be the first. */
function once<Answer>(ask: (task: number) => Answer): (task: number) => Answer {
  const answers = new Map<number, Answer>();
  return (task) => {
    let answer = answers.get(task);
    if (answer === undefined) {
      answer = ask(task);
      answers.set(task, answer);
    }
    return answer;
  };
}

/**
 * Lists all namespaces that any task of the machine is in, threads included, as lsns(8) does for
 * processes. Namespaces that only a bind mount or an open descriptor keeps alive are not among them.
 *
 * `hidden` names what the caller lacks the privileges to see: without CAP_SYS_PTRACE, the processes of
 * other users. Processes that end meanwhile are left out. Reads the /proc of
 * the calling thread's mount namespace, so it shows the tasks of that /proc's pid namespace.
 *
 * @example
 * for (const { type, id, processes } of listNamespaces().namespaces) console.log(type, id.ino, processes);
 * @see lsns(8), namespaces(7)
 */
export function listNamespaces(): NamespaceList {
  const { dev } = statSync('/proc/self/ns/user', { bigint: true }); // all are files of one nsfs
  const search = new Search();
  for (const pid of numbersIn('/proc')) search.process(pid);
  const order = new Map(allNamespaceTypes.map((type, index) => [type, index]));
  const [command, uid] = [once(commandOf), once(uidOf)];
  const namespaces = search.found
    .sort((a, b) => (order.get(a.type) ?? 0) - (order.get(b.type) ?? 0) || a.inode - b.inode)
    .map(({ type, inode, processes, threads, forChildren }): NamespaceInfo => {
      for (const list of [processes, threads, forChildren]) list.sort(ascending);
      const first = processes[0] ?? threads[0] ?? (forChildren[0] as number);
      return {
        type,
        id: { dev, ino: BigInt(inode) },
        isInitial: namespaceTypes[type].initialInode === BigInt(inode),
        processes,
        threads,
        forChildren,
        command: command(first),
        uid: uid(first),
      };
    });
  return { namespaces, hidden: search.hidden.sort(ascending) };
}
