// The search for all namespaces: from what tasks are in, to what they and mounts hold, to relatives.
import { listNamespaces, type NamespaceList } from '../namespaces/list.js';
import { listIds, openById } from './by-id.js';
import { DescriptorSearch, type DescriptorsHidden } from './descriptors.js';
import { Entries, type Entry } from './entry.js';
import { eachMountNamespace } from './mount-namespaces.js';
import { mountedInTable } from './mount-table.js';
import { NetnsIds } from './netnsid.js';
import { mountedFor } from './pins.js';
import { reach } from './reach.js';

/** Where to look beyond the tasks and their relatives. */
export interface Places {
  readonly descriptors: boolean;
  readonly sockets: boolean;
  readonly mounts: boolean;
}

/** The findings of a search, and the parts that it could not see. */
export interface Findings extends DescriptorsHidden {
  readonly dev: bigint;
  readonly entries: readonly Entry[];
  readonly processes: readonly number[];
  readonly mounts: readonly number[];
}

function addTasks(entries: Entries, { namespaces }: NamespaceList): void {
  for (const { type, id, processes, threads, forChildren } of namespaces) {
    Object.assign(entries.add(type, Number(id.ino)), { processes, threads, forChildren });
  }
}

function searchDescriptors(
  entries: Entries,
  { namespaces }: NamespaceList,
  sockets: boolean,
): DescriptorsHidden {
  const homes = new Map<number, number>();
  for (const { type, id, processes } of namespaces) {
    if (type === 'net') for (const pid of processes) homes.set(pid, Number(id.ino));
  }
  const search = new DescriptorSearch(
    {
      namespace: (pid, fd, type, inode) => entries.add(type, inode).descriptors.push({ pid, fd }),
      socket: (pid, fd, inode, open) => {
        if (inode === homes.get(pid)) return;
        const entry = entries.add('net', inode);
        entry.sockets.push({ pid, fd });
        if (entry.examined || entry.processes.length > 0) return;
        const home = open();
        if (home >= 0) entries.take(home, 'net');
      },
    },
    sockets,
  );
  // This process first: the search opens descriptors of its own further on.
  if (homes.has(process.pid)) search.process(process.pid);
  for (const pid of homes.keys()) if (pid !== process.pid) search.process(pid);
  return search.hidden;
}

/** Opens what is not examined yet; forgets what is gone. */
function examineAll(entries: Entries): void {
  for (const entry of entries.all) {
    if (entry.examined) continue;
    const { fd, denied } = reach(entry);
    if (fd !== undefined) entries.take(fd, entry.type);
    else if (!denied) entries.delete(entry);
  }
}

/** @returns the mount namespaces whose mounts could not be seen */
function searchMounts(entries: Entries): number[] {
  eachMountNamespace((fd) => entries.take(fd, 'mount'));
  const unseen: number[] = [];
  for (const { type, inode, processes, threads, mountTable } of entries.all) {
    if (type !== 'mount') continue;
    const seen = mountedFor([...processes, ...threads]);
    const mounted = seen?.mounted ?? (mountTable && mountedInTable(mountTable));
    if (!mounted) unseen.push(inode);
    for (const one of mounted || []) {
      const pin = { path: one.path, mountNamespace: inode, task: seen?.task ?? 0 };
      entries.add(one.type, one.inode).pins.push(pin);
    }
  }
  return unseen;
}

function searchIds(entries: Entries): void {
  const known = new Set(entries.all.map(({ uniqueId }) => uniqueId));
  for (const id of listIds()) {
    if (known.has(id)) continue;
    const fd = openById(id);
    if (fd !== undefined) entries.take(fd);
  }
}

/** Searches the machine. */
export function search({ descriptors, sockets, mounts }: Places): Findings {
  const tasks = listNamespaces();
  const numbers = new NetnsIds();
  try {
    const dev = tasks.namespaces[0]?.id.dev ?? 0n;
    const entries = new Entries((fd) => numbers.of(fd));
    addTasks(entries, tasks);
    const hidden = descriptors
      ? searchDescriptors(entries, tasks, sockets)
      : { descriptors: [], sockets: [] };
    examineAll(entries);
    const unseen = mounts ? searchMounts(entries) : [];
    examineAll(entries);
    searchIds(entries);
    return { dev, entries: entries.all, ...hidden, processes: tasks.hidden, mounts: unseen };
  } finally {
    numbers.close();
  }
}
