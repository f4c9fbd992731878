// `ns ls`: the namespaces of the machine, in the manner of lsns(8).
import { listNamespaces, type NamespaceInfo, namespaceTypes } from '@ns/core';
import type { Command, Outcome } from './command.js';
import { userName } from './ids.js';
import { type Given, UsageError } from './options.js';
import { type Column, printable, table } from './table.js';

type Value = string | number | null;

interface InfoColumn extends Column {
  readonly help: string;
  value(info: NamespaceInfo): Value;
}

const firstTask = ({ processes, threads, forChildren }: NamespaceInfo) =>
  processes[0] ?? threads[0] ?? forChildren[0] ?? null;

const columns = {
  NS: { right: true, help: 'inode number', value: ({ id }) => Number(id.ino) },
  TYPE: { help: 'type', value: ({ type }) => namespaceTypes[type].file },
  NPROCS: { right: true, help: 'number of processes', value: ({ processes }) => processes.length },
  PID: { right: true, help: 'lowest process id in it', value: firstTask },
  UID: { right: true, help: 'user id of that process', value: ({ uid }) => uid },
  USER: { help: 'its user name', value: ({ uid }) => (uid === null ? null : userName(uid)) },
  COMMAND: { help: 'its command line', value: ({ command }) => command },
} as const satisfies Readonly<Record<string, Omit<InfoColumn, 'title'>>>;

const shownByDefault = ['NS', 'TYPE', 'NPROCS', 'PID', 'USER', 'COMMAND'];

function chosenColumns(given: Given): InfoColumn[] {
  const names = given.value('output')?.toUpperCase().split(',') ?? shownByDefault;
  return names.map((title) => {
    if (!Object.hasOwn(columns, title)) {
      throw new UsageError(`--output: there is no column ${title}, only ${Object.keys(columns)}`);
    }
    return { title, ...columns[title as keyof typeof columns] };
  });
}

function isWanted(given: Given): (info: NamespaceInfo) => boolean {
  const type = given.value('type');
  const task = given.number('task');
  const known = Object.entries(namespaceTypes);
  const wanted = known.find(([name, { file }]) => type === name || type === file)?.[0];
  if (type !== undefined && wanted === undefined) {
    throw new UsageError(
      `--type must be one of ${known.map(([name]) => name).join(', ')}: '${type}'`,
    );
  }
  return (info) =>
    (wanted === undefined || info.type === wanted) &&
    (task === undefined || info.processes.includes(task) || info.threads.includes(task));
}

const text = (value: Value) => (value === null ? '' : printable(String(value)));

/** As lsns(8) has it: no blanks within a field, none empty. */
const rawText = (value: Value) => text(value).replaceAll(' ', '\\x20') || '""';

function write(given: Given, infos: readonly NamespaceInfo[], hidden: number): void {
  const chosen = chosenColumns(given);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  if (given.has('json')) {
    const namespaces = infos.map((info) =>
      Object.fromEntries(chosen.map((column) => [column.title.toLowerCase(), column.value(info)])),
    );
    print(JSON.stringify({ namespaces, hidden }, null, 2));
    return;
  }
  const headings = !given.has('noheadings');
  if (given.has('raw')) {
    if (headings) print(chosen.map(({ title }) => title).join(' '));
    for (const info of infos) print(chosen.map((one) => rawText(one.value(info))).join(' '));
  } else {
    const rows = infos.map((info) => chosen.map((column) => text(column.value(info))));
    table(chosen, rows, { headings, columns: process.stdout.columns }).forEach(print);
  }
  if (hidden === 0) return;
  const which = hidden === 1 ? '1 process' : `${hidden} processes`;
  process.stderr.write(`ns ls: no permission to look into ${which}\n`);
}

function list(given: Given): Outcome {
  if (given.operands.length > 0) throw new UsageError(`unexpected '${given.operands[0]}'`);
  const { namespaces, hidden } = listNamespaces();
  write(given, namespaces.filter(isWanted(given)), hidden.length);
  return { exitCode: 0 };
}

export const ls: Command = {
  name: 'ls',
  summary: 'List the namespaces that processes are in.',
  usage: '[options]',
  options: [
    {
      title: 'Which',
      options: {
        type: { short: 't', value: 'TYPE', help: 'only those of a type' },
        task: { short: 'p', value: 'PID', help: 'only those of a process or thread' },
      },
    },
    {
      title: 'How',
      options: {
        output: { short: 'o', value: 'COLUMNS', help: 'columns, separated by commas' },
        json: { short: 'J', help: 'as JSON' },
        raw: { short: 'r', help: 'not aligned, for other programs' },
        noheadings: { short: 'n', help: 'without the names of the columns' },
      },
    },
  ],
  notes: [
    `Columns: ${Object.entries(columns)
      .map(([name, { help }]) => `${name} (${help})`)
      .join(', ')}.`,
    'Without privileges, the namespaces of other users are not to be seen; how many processes that concerns is said at the end.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns ls', 'ns ls --type net -o NS,PID,COMMAND', 'ns ls --json'],
  failureCode: 1,
  run: list,
};
