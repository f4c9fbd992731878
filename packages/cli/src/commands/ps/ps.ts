// `ns ps`: prints the processes of a pid namespace and of those below it, with their pids in each.
import { listProcessTree, type ProcessNode } from '@ns/pid';
import { userName } from '../../arguments/ids.js';
import { inOption, withNamespaceOption } from '../../arguments/open-namespace.js';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printable, printJson } from '../../framework/output.js';
import { type Column, table } from '../../framework/table.js';

const columns: readonly Column[] = [
  { title: 'PID', right: true },
  { title: 'PIDS INSIDE', right: true },
  { title: 'NS', right: true },
  { title: 'USER' },
  { title: 'S' },
  { title: 'COMMAND' },
];

type Branch = Omit<ProcessNode, 'children'> & { children?: readonly Branch[] };

function row(one: Branch, indent: string): string[] {
  return [
    String(one.pid),
    one.pids.slice(1).join(' '),
    one.namespace === undefined ? '' : String(one.namespace),
    userName(one.uid),
    one.state,
    `${indent}${printable(one.command)}`,
  ];
}

function* rows(list: readonly Branch[], depth = 0): Generator<string[]> {
  for (const one of list) {
    yield row(one, '  '.repeat(depth));
    yield* rows(one.children ?? [], depth + 1);
  }
}

function show(commandLine: CommandLine): Outcome {
  commandLine.named();
  const tree = withNamespaceOption(commandLine, 'pid', (namespace) =>
    listProcessTree(namespace === undefined ? {} : { in: namespace }),
  );
  if (commandLine.has('json')) printJson({ processes: tree });
  else table(columns, [...rows(tree)], { columns: process.stdout.columns }).forEach(print);
  return done;
}

export const ps: Command = {
  name: 'ps',
  summary: 'Show the processes of a pid namespace as a tree, with their pids at each level.',
  usage: '[options]',
  options: [
    {
      title: 'Options',
      options: {
        in: inOption,
      },
    },
  ],
  notes: [
    'PID is the pid in the namespace of ns; PIDS INSIDE are those in the namespaces below it, down to that of the process.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns ps', 'ns ps --in 4711', 'ns ps --json'],
  failureCode: 1,
  run: show,
};
