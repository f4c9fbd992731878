// The output of `ns ls`.
import type { DiscoveredNamespace, Hidden } from '@ns/core';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printable, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';
import { columnNames, columnOf, type NamespaceColumn } from './columns.js';
import type { Value } from './comparisons.js';
import type { Listed } from './find-namespaces.js';
import { type Branch, drawn, forest, relations } from './tree.js';

const BOLD = '\x1b[1m';
const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';

function text(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return printable(Array.isArray(value) ? value.join(',') : String(value));
}

/** Returns a field in the form of lsns(8): without blanks, and not empty. */
const rawText = (value: Value) => text(value).replaceAll(' ', '\\x20') || '""';

type Plain = Record<string, unknown>;

const plainOf = (columns: readonly NamespaceColumn[], namespace: DiscoveredNamespace): Plain =>
  Object.fromEntries(columns.map((one) => [one.title.toLowerCase(), one.value(namespace)]));

const plainTree = (columns: readonly NamespaceColumn[], branches: readonly Branch[]): Plain[] =>
  branches.map(({ namespace, children }) => ({
    ...plainOf(columns, namespace),
    ...(children.length > 0 && { children: plainTree(columns, children) }),
  }));

/** Returns lines for people. The branches of a tree are drawn in the first column. */
function lines(
  commandLine: CommandLine,
  columns: readonly NamespaceColumn[],
  rows: readonly { readonly namespace: DiscoveredNamespace; readonly lead: string }[],
): string[] {
  const isTree = commandLine.has('tree');
  const cells = rows.map(({ namespace, lead }) =>
    columns.map((column, i) => (i === 0 ? lead : '') + text(column.value(namespace))),
  );
  const headings = !commandLine.has('noheadings');
  const out = process.stdout;
  const width = commandLine.has('notruncate') ? undefined : out.columns;
  const aligned = columns.map((one, i) => (isTree && i === 0 ? { title: one.title } : one));
  const written = table(aligned, cells, { headings, columns: width });
  if (!out.isTTY || !out.hasColors()) return written;
  const styles: string[] = rows.map(({ namespace }) => (namespace.isInitial ? DIM : ''));
  if (headings) styles.unshift(BOLD);
  return written.map((line, i) => (styles[i] ? `${styles[i]}${line}${PLAIN}` : line));
}

/** Returns a line about what could not be seen. */
function hiddenNote({ processes, descriptors, sockets, mounts }: Hidden): string | undefined {
  const parts = [
    [processes, 'process', 'processes'],
    [descriptors, 'process’s descriptors', 'processes’ descriptors'],
    [sockets, 'process’s sockets', 'processes’ sockets'],
    [mounts, 'mount namespace', 'mount namespaces'],
  ] as const;
  const texts = parts
    .filter(([{ length }]) => length > 0)
    .map(([{ length }, one, many]) => `${length} ${length === 1 ? one : many}`);
  return texts.length === 0 ? undefined : `no permission to look into ${texts.join(', ')}`;
}

/** Prints namespaces as a table, as raw fields, as trees or as JSON. */
export function printNamespaces(
  commandLine: CommandLine,
  { graph, namespaces }: Listed,
  columns: NamespaceColumn[],
): void {
  const relation = commandLine.has('tree')
    ? (commandLine.word('tree', relations) ?? 'owner')
    : undefined;
  const trees = relation && forest(graph, namespaces, relation);
  if (commandLine.has('json')) {
    const listed = trees
      ? plainTree(columns, trees)
      : namespaces.map((one) => plainOf(columns, one));
    printJson({ namespaces: listed, hidden: graph.hidden });
    return;
  }
  const rows = trees ? [...drawn(trees)] : namespaces.map((namespace) => ({ namespace, lead: '' }));
  if (commandLine.has('raw')) {
    if (!commandLine.has('noheadings')) print(columns.map(({ title }) => title).join(' '));
    for (const { namespace } of rows) {
      print(columns.map((one) => rawText(one.value(namespace))).join(' '));
    }
  } else {
    lines(commandLine, columns, rows).forEach(print);
  }
  const note = hiddenNote(graph.hidden);
  if (note !== undefined) process.stderr.write(`ns ls: ${note}\n`);
}

/** Prints the columns that `ns ls` has. */
export function printColumns(commandLine: CommandLine): void {
  const columns = columnNames.map(columnOf).map(({ title, help }) => ({ title, help }));
  if (commandLine.has('json')) printJson({ columns });
  else
    table(
      [{ title: 'COLUMN' }, { title: 'WHAT' }],
      columns.map(({ title, help }) => [title, help]),
      { headings: false },
    ).forEach(print);
}
