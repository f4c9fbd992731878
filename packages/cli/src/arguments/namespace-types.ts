// The options that name namespace types, with the letters of unshare(1) and nsenter(1).
import { allNamespaceTypes, type NamespaceType } from '@ns/core';
import type { CommandLine } from '../framework/command-line.js';
import type { OptionTable } from '../framework/option-table.js';

const letters: Readonly<Record<NamespaceType, string>> = {
  user: 'U',
  mount: 'm',
  pid: 'p',
  net: 'n',
  uts: 'u',
  ipc: 'i',
  cgroup: 'C',
  time: 'T',
};

/** Things that a namespace of each type isolates. */
export const subjects: Readonly<Record<NamespaceType, string>> = {
  user: 'ids and capabilities',
  mount: 'mounts',
  pid: 'process ids',
  net: 'interfaces, routes, ports',
  uts: 'host and domain name',
  ipc: 'System V IPC, POSIX message queues',
  cgroup: 'the root of the cgroup tree',
  time: 'monotonic and boot clock',
};

/** Returns a table with an option for each type. */
export function typeOptions(
  describe: (type: NamespaceType) => { help: string; value?: string; optional?: boolean },
): OptionTable {
  return Object.fromEntries(
    Object.entries(letters).map(([type, short]) => [
      type,
      { short, ...describe(type as NamespaceType) },
    ]),
  );
}

/** Returns the types whose options are on the command line. */
export function namedTypes(commandLine: CommandLine): NamespaceType[] {
  return allNamespaceTypes.filter((type) => commandLine.has(type));
}
