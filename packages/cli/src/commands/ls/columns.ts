// The columns of `ns ls`: those of lsns(8), and further data of a discovery.
import type { DiscoveredNamespace, Holder } from '@ns/core';
import { namespaceTypes } from '@ns/core/authors';
import { userName } from '../../arguments/ids.js';
import type { CommandLine } from '../../framework/command-line.js';
import type { Column } from '../../framework/table.js';
import { UsageError } from '../../framework/usage-error.js';
import type { Value } from './comparisons.js';

/** A column of `ns ls`. */
export interface NamespaceColumn extends Column {
  readonly help: string;
  value(namespace: DiscoveredNamespace): Value;
}

const inode = (namespace: DiscoveredNamespace | null) => namespace && Number(namespace.id.ino);
const userOf = (uid: number | null) => (uid === null ? null : userName(uid));
const held = (holders: readonly Holder[]) => holders.map(({ pid, fd }) => `${pid}:${fd}`);

const columns = {
  NS: { right: true, help: 'inode number', value: inode },
  TYPE: { help: 'type', value: ({ type }) => namespaceTypes[type].file },
  PATH: { help: 'a path to it', value: ({ path }) => path },
  NPROCS: { right: true, help: 'number of processes', value: ({ processes }) => processes.length },
  PID: { right: true, help: 'lowest process id in it', value: ({ pid }) => pid },
  PPID: { right: true, help: 'parent of that process', value: ({ ppid }) => ppid },
  COMMAND: { help: 'its command line', value: ({ command }) => command },
  UID: { right: true, help: 'its user id', value: ({ uid }) => uid },
  USER: { help: 'its user name', value: ({ uid }) => userOf(uid) },
  NETNSID: { right: true, help: 'id in the network namespace of ns', value: (one) => one.netnsid },
  NSFS: {
    help: 'paths where it is mounted, in any mount namespace',
    value: ({ paths }) => [...new Set(paths.map(({ path }) => path))],
  },
  PNS: { right: true, help: 'parent', value: ({ parent }) => inode(parent) },
  ONS: { right: true, help: 'owning user namespace', value: ({ owner }) => inode(owner) },
  NSID: {
    right: true,
    help: '64-bit id, Linux 6.18',
    value: ({ nsid }) => (nsid === undefined ? null : String(nsid)),
  },
  INITIAL: { help: 'yes for the namespace of the boot', value: ({ isInitial }) => isInitial },
  NTHREADS: {
    right: true,
    help: 'threads in it whose process is in another namespace',
    value: ({ threads }) => threads.length,
  },
  HELDBY: {
    help: 'PID:FD of descriptors and sockets that keep it alive',
    value: ({ descriptors, sockets }) => [...held(descriptors), ...held(sockets)],
  },
  CONTAINER: {
    help: 'container or systemd unit of its first process',
    value: ({ container }) => container && `${container.manager}:${container.name}`,
  },
  CREATOR: {
    help: 'user who created it, or its owner',
    value: ({ creatorUid }) => userOf(creatorUid),
  },
} as const satisfies Readonly<Record<string, Omit<NamespaceColumn, 'title'>>>;

/** Titles of all columns. */
export const columnNames: readonly string[] = Object.keys(columns);

/** One line of help for all columns. */
export const columnHelp = Object.entries(columns)
  .map(([name, { help }]) => `${name} (${help})`)
  .join(', ');

/** Returns the column of a title, which must be one of {@link columnNames}. */
export function columnOf(title: string): NamespaceColumn {
  return { title, ...columns[title as keyof typeof columns] };
}

function byDefault(commandLine: CommandLine, types: readonly string[]): readonly string[] {
  if (commandLine.has('persistent')) return ['NS', 'TYPE', 'CREATOR', 'HELDBY', 'NSFS'];
  const net = types.length === 1 && types[0] === 'net' ? ['NETNSID', 'NSFS'] : [];
  return ['NS', 'TYPE', 'NPROCS', 'PID', 'USER', ...net, 'COMMAND'];
}

/** Returns the columns to print: those of --output, or the defaults of lsns(8) for the listed types. */
export function chosenColumns(
  commandLine: CommandLine,
  types: readonly string[],
): NamespaceColumn[] {
  if (commandLine.has('output-all')) return columnNames.map(columnOf);
  const wanted = commandLine.value('output')?.toUpperCase();
  const further = wanted?.startsWith('+') ? wanted.slice(1).split(',') : [];
  const names =
    further.length === 0 && wanted !== undefined
      ? wanted.split(',')
      : byDefault(commandLine, types);
  return [...names, ...further].map((title) => {
    if (columnNames.includes(title)) return columnOf(title);
    throw new UsageError(`--output: ${title} is not a column; known: ${columnNames.join(', ')}`);
  });
}
