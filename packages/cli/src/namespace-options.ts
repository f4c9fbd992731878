// The options that name namespace types, with the letters of unshare(1) and nsenter(1).
import { allNamespaceTypes, type NamespaceType } from '@ns/core';
import type { Given, OptionTable } from './options.js';

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

/** What the namespaces of a type isolate. */
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

/** An option for each type. */
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

/** The types that are named. */
export function namedTypes(given: Given): NamespaceType[] {
  return allNamespaceTypes.filter((type) => given.has(type));
}
