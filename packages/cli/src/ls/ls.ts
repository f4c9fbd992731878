// `ns ls`: the namespaces of the machine, in the manner of lsns(8).
import {
  type DiscoveredNamespace,
  discover,
  type Hidden,
  type NamespaceGraph,
  type NamespaceType,
  readTask,
} from '@ns/core';
import { namespaceTypes } from '@ns/core/authors';
import { type Action, type CommandDescription, done, type Outcome } from '../command.js';
import { type Given, UsageError } from '../options.js';
import { print, printable, printJson } from '../output.js';
import { table } from '../table.js';
import {
  chosenColumns,
  columnHelp,
  columnNames,
  columnOf,
  type NamespaceColumn,
} from './columns.js';
import { type Filter, filterOf, type Value } from './filter.js';
import { listProcesses } from './processes.js';
import { type Branch, drawn, forest, relations } from './tree.js';

const BOLD = '\x1b[1m';
const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';

function typesOf(given: Given): readonly NamespaceType[] {
  const known = Object.entries(namespaceTypes) as [NamespaceType, { file: string }][];
  const words = given.values('type').flatMap((list) => list.split(','));
  return words.map((word) => {
    const type = known.find(([name, { file }]) => word === name || word === file)?.[0];
    if (type !== undefined) return type;
    const names = known.map(([name]) => name).join(', ');
    throw new UsageError(`--type must be one of ${names}: '${word}'`);
  });
}

/** Those that are listed, in the graph of all. */
interface Listed {
  readonly graph: NamespaceGraph;
  readonly namespaces: readonly DiscoveredNamespace[];
}

function find(given: Given, types: readonly NamespaceType[], filter: Filter | undefined): Listed {
  const task = given.number('task');
  if (task !== undefined && readTask(task) === null) {
    throw new UsageError(`--task: there is no process or thread ${task}`);
  }
  // In the whole graph, because a tree leads through namespaces that are not listed.
  const graph = discover();
  const namespaces = graph.namespaces.filter(
    (one) =>
      (types.length === 0 || types.includes(one.type)) &&
      (!given.has('persistent') || one.pid === null) &&
      (task === undefined ||
        [one.processes, one.threads, one.forChildren].some((tasks) => tasks.includes(task))) &&
      (filter === undefined || filter((title) => columnOf(title).value(one))),
  );
  return { graph, namespaces };
}

function text(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(Array.isArray(value) ? value.join(',') : String(value));
}

/** As lsns(8) has it: no blanks within a field, none empty. */
const rawText = (value: Value) => text(value).replaceAll(' ', '\\x20') || '""';

type Plain = Record<string, unknown>;

const plainOf = (columns: readonly NamespaceColumn[], namespace: DiscoveredNamespace): Plain =>
  Object.fromEntries(columns.map((one) => [one.title.toLowerCase(), one.value(namespace)]));

const plainTree = (columns: readonly NamespaceColumn[], branches: readonly Branch[]): Plain[] =>
  branches.map(({ namespace, children }) => ({
    ...plainOf(columns, namespace),
    ...(children.length > 0 && { children: plainTree(columns, children) }),
  }));

/** Lines for people. Lines that lead to a namespace stand before the first column. */
function lines(
  given: Given,
  columns: readonly NamespaceColumn[],
  rows: readonly { readonly namespace: DiscoveredNamespace; readonly lead: string }[],
): string[] {
  const isTree = given.has('tree');
  const cells = rows.map(({ namespace, lead }) =>
    columns.map((column, i) => (i === 0 ? lead : '') + text(column.value(namespace))),
  );
  const headings = !given.has('noheadings');
  const out = process.stdout;
  const width = given.has('notruncate') ? undefined : out.columns;
  const aligned = columns.map((one, i) => (isTree && i === 0 ? { title: one.title } : one));
  const written = table(aligned, cells, { headings, columns: width });
  if (!out.isTTY || !out.hasColors()) return written;
  const styles: string[] = rows.map(({ namespace }) => (namespace.isInitial ? DIM : ''));
  if (headings) styles.unshift(BOLD);
  return written.map((line, i) => (styles[i] ? `${styles[i]}${line}${PLAIN}` : line));
}

/** What could not be seen, in a line. */
function unseen({ processes, descriptors, sockets, mounts }: Hidden): string | undefined {
  const parts = [
    [processes, 'process', 'processes'],
    [descriptors, 'process’s descriptors', 'processes’ descriptors'],
    [sockets, 'process’s sockets', 'processes’ sockets'],
    [mounts, 'mount namespace', 'mount namespaces'],
  ] as const;
  const told = parts
    .filter(([{ length }]) => length > 0)
    .map(([{ length }, one, many]) => `${length} ${length === 1 ? one : many}`);
  return told.length === 0 ? undefined : `no permission to look into ${told.join(', ')}`;
}

function write(given: Given, { graph, namespaces }: Listed, columns: NamespaceColumn[]): void {
  const relation = given.has('tree') ? (given.word('tree', relations) ?? 'owner') : undefined;
  const trees = relation && forest(graph, namespaces, relation);
  if (given.has('json')) {
    const listed = trees
      ? plainTree(columns, trees)
      : namespaces.map((one) => plainOf(columns, one));
    printJson({ namespaces: listed, hidden: graph.hidden });
    return;
  }
  const rows = trees ? [...drawn(trees)] : namespaces.map((namespace) => ({ namespace, lead: '' }));
  if (given.has('raw')) {
    if (!given.has('noheadings')) print(columns.map(({ title }) => title).join(' '));
    for (const { namespace } of rows) {
      print(columns.map((one) => rawText(one.value(namespace))).join(' '));
    }
  } else {
    lines(given, columns, rows).forEach(print);
  }
  const note = unseen(graph.hidden);
  if (note !== undefined) process.stderr.write(`ns ls: ${note}\n`);
}

function listColumns(given: Given): void {
  const columns = columnNames.map(columnOf).map(({ title, help }) => ({ title, help }));
  if (given.has('json')) printJson({ columns });
  else
    table(
      [{ title: 'COLUMN' }, { title: 'WHAT' }],
      columns.map(({ title, help }) => [title, help]),
      { headings: false },
    ).forEach(print);
}

function list(given: Given): Outcome {
  const { operands } = given;
  if (given.has('list') && given.has('tree')) {
    throw new UsageError('--list and --tree exclude each other');
  }
  if (given.has('list-columns')) {
    given.named();
    listColumns(given);
    return done;
  }
  if (operands.length > 0) {
    listProcesses(given, given.named('the namespace')[0]);
    return done;
  }
  if (given.has('tree')) given.word('tree', relations);
  const types = typesOf(given);
  const columns = chosenColumns(given, types);
  const expression = given.value('filter');
  const filter = expression === undefined ? undefined : filterOf(expression, columnNames);
  write(given, find(given, types, filter), columns);
  return done;
}

export const ls: CommandDescription & Action = {
  name: 'ls',
  summary: 'List the namespaces of the machine.',
  usage: '[options] [NAMESPACE]',
  options: [
    {
      title: 'Which',
      options: {
        type: { short: 't', value: 'TYPE,...', help: 'only those of these types (repeatable)' },
        task: { short: 'p', value: 'PID', help: 'only those of a process or thread' },
        persistent: { short: 'P', help: 'only those without processes' },
        filter: { short: 'Q', value: 'EXPR', help: 'only those of which the expression is true' },
      },
    },
    {
      title: 'How',
      options: {
        tree: {
          short: 'T',
          value: 'RELATION',
          optional: true,
          choices: relations,
          help: 'as trees, below their owner (the default), their parent, or the namespace of an ancestor process',
        },
        list: { short: 'l', help: 'as a list (the default)' },
        output: {
          short: 'o',
          value: 'COLUMNS',
          help: 'columns, with commas; +COLUMNS: further ones',
        },
        'output-all': { help: 'all columns' },
        'list-columns': { short: 'H', help: 'list the columns that there are' },
        raw: { short: 'r', help: 'not aligned, for other programs' },
        noheadings: { short: 'n', help: 'without the names of the columns' },
        notruncate: { short: 'u', help: 'whole lines, also on a terminal' },
        nowrap: { short: 'W', help: 'for lsns(8): no text has several lines' },
      },
    },
  ],
  notes: [
    'NAMESPACE is an inode: its processes are listed then.',
    `Columns: ${columnHelp}.`,
    'Relations: owner, parent, process.',
    'Expressions: columns, numbers, "texts", true and false; == != < <= > >= or eq ne lt le gt ge; =~ and !~ with a regular expression; and, or, not or && || !; parentheses. A column by itself is true if it is not empty, 0 or false.',
    'Namespaces that only a mount, a descriptor, a socket or another namespace keeps alive are listed, too. Without privileges, those of other users are not to be seen; how much that concerns is said at the end.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: [
    'ns ls',
    'ns ls --tree=parent --type pid,user',
    'ns ls --type net -o NS,PID,NSFS,COMMAND',
    `ns ls --filter 'NPROCS > 1 and not INITIAL'`,
    'ns ls --persistent --json',
    'ns ls 4026531833',
  ],
  failureCode: 1,
  run: list,
};
