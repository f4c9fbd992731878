// `ns cgroup tree`: prints groups below each other.
import type { Cgroup } from '@ns/cgroup';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printable, printJson } from '../../framework/output.js';
import { type Column, table } from '../../framework/table.js';
import { eachChild, sizeText } from './group.js';

interface Branch {
  readonly path: string;
  readonly name: string;
  readonly processes: number;
  readonly memory?: number;
  readonly frozen: boolean;
  readonly groups: readonly Branch[];
}

function branchOf(group: Cgroup): Branch {
  const memory = group.readUsage().memory?.current;
  return {
    path: group.path,
    name: group.path.slice(group.path.lastIndexOf('/') + 1) || '/',
    processes: group.listProcesses().length,
    ...(memory === undefined ? {} : { memory }),
    frozen: !group.isRoot && group.readEvents().frozen,
    groups: eachChild(group, branchOf),
  };
}

const columns: readonly Column[] = [
  { title: 'PROCESSES', right: true },
  { title: 'MEMORY', right: true },
  { title: 'S' },
  { title: 'GROUP' },
];

function* rows(branch: Branch, depth = 0): Generator<string[]> {
  const memory = branch.memory === undefined ? '' : sizeText(branch.memory);
  const name = '  '.repeat(depth) + printable(branch.name);
  yield [String(branch.processes), memory, branch.frozen ? 'F' : '', name];
  for (const child of branch.groups) yield* rows(child, depth + 1);
}

/** Prints the groups below a group. */
export function tree(group: Cgroup, commandLine: CommandLine): void {
  const root = branchOf(group);
  if (commandLine.has('json')) printJson(root);
  else table(columns, [...rows(root)], { columns: process.stdout.columns }).forEach(print);
}
