// Namespaces that the options of `ns ls` choose.
import {
  type DiscoveredNamespace,
  discover,
  type NamespaceGraph,
  type NamespaceType,
  readTask,
} from '@ns/core';
import { namespaceTypes } from '@ns/core/authors';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';
import { columnOf } from './columns.js';
import type { Filter } from './filter.js';

/** Returns the types of --type; none without it. */
export function typesOf(commandLine: CommandLine): readonly NamespaceType[] {
  const known = Object.entries(namespaceTypes) as [NamespaceType, { file: string }][];
  const words = commandLine.values('type').flatMap((list) => list.split(','));
  return words.map((word) => {
    const type = known.find(([name, { file }]) => word === name || word === file)?.[0];
    if (type !== undefined) return type;
    const names = known.map(([name]) => name).join(', ');
    throw new UsageError(`--type must be one of ${names}, got '${word}'`);
  });
}

/** Listed namespaces, and the graph of all namespaces. */
export interface Listed {
  readonly graph: NamespaceGraph;
  readonly namespaces: readonly DiscoveredNamespace[];
}

/** Finds the namespaces that the options choose. */
export function findNamespaces(
  commandLine: CommandLine,
  types: readonly NamespaceType[],
  filter: Filter | undefined,
): Listed {
  const task = commandLine.number('task');
  if (task !== undefined && readTask(task) === null) {
    throw new UsageError(`--task: process or thread ${task} does not exist`);
  }
  // The whole graph is needed: a tree leads through namespaces that are not listed.
  const graph = discover();
  const namespaces = graph.namespaces.filter(
    (one) =>
      (types.length === 0 || types.includes(one.type)) &&
      (!commandLine.has('persistent') || one.pid === null) &&
      (task === undefined ||
        [one.processes, one.threads, one.forChildren].some((tasks) => tasks.includes(task))) &&
      (filter === undefined || filter((title) => columnOf(title).value(one))),
  );
  return { graph, namespaces };
}
