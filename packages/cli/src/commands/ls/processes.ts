// `ns ls NAMESPACE`: lists the processes of one namespace, in the manner of lsns(8).
import { discover, readTask } from '@ns/core';
import { userName } from '../../arguments/ids.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printable, printJson } from '../../framework/output.js';
import { type Column, table } from '../../framework/table.js';
import { UsageError } from '../../framework/usage-error.js';

const columns: readonly Column[] = [
  { title: 'PID', right: true },
  { title: 'PPID', right: true },
  { title: 'USER' },
  { title: 'COMMAND' },
];

/** Options that apply to a list of namespaces only. */
const others = ['type', 'task', 'persistent', 'filter', 'tree', 'output', 'output-all', 'raw'];

function processesOf(inode: number) {
  const namespace = discover().namespaces.find(({ id }) => Number(id.ino) === inode);
  if (namespace === undefined) throw new UsageError(`namespace ${inode} does not exist`);
  return namespace.processes.flatMap((pid) => {
    const task = readTask(pid);
    return task === null ? [] : [{ ...task, user: userName(task.uid) }];
  });
}

/** Lists the processes of the namespace with this inode. */
export function listProcesses(commandLine: CommandLine, text: string): void {
  if (!/^\d{1,10}$/.test(text))
    throw new UsageError(`the namespace must be an inode, got '${text}'`);
  const other = others.find((name) => commandLine.has(name));
  if (other !== undefined) throw new UsageError(`--${other} cannot be combined with a namespace`);
  const processes = processesOf(Number(text));
  if (commandLine.has('json')) {
    printJson({ processes });
    return;
  }
  const rows = processes.map(({ pid, ppid, user, command }) => {
    return [String(pid), String(ppid), user, printable(command)];
  });
  const width = commandLine.has('notruncate') ? undefined : process.stdout.columns;
  table(columns, rows, { headings: !commandLine.has('noheadings'), columns: width }).forEach(print);
}
