// `ns ps`: the processes of a pid namespace and of those in it, with their numbers in each.
import { listProcessTree, type ProcessNode } from '@ns/pid';
import { type Command, done, type Outcome } from './command.js';
import { userName } from './ids.js';
import type { Given } from './options.js';
import { print, printable, printJson } from './output.js';
import { withPlace } from './place.js';
import { type Column, table } from './table.js';

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

function show(given: Given): Outcome {
  given.named();
  const tree = withPlace(given, 'pid', (place) =>
    listProcessTree(place === undefined ? {} : { in: place }),
  );
  if (given.has('json')) printJson({ processes: tree });
  else table(columns, [...rows(tree)], { columns: process.stdout.columns }).forEach(print);
  return done;
}

export const ps: Command = {
  name: 'ps',
  summary: 'Show the processes of a pid namespace as a tree, with their numbers at each level.',
  usage: '[options]',
  options: [
    {
      title: 'Options',
      options: {
        in: { value: 'PLACE', help: 'a pid in the namespace, or its file (default: the own one)' },
      },
    },
  ],
  notes: [
    'PID is the number here; PIDS INSIDE are those in the namespaces further in, down to the own one of the process.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns ps', 'ns ps --in 4711', 'ns ps --json'],
  failureCode: 1,
  run: show,
};
