// `ns ls NAMESPACE`: the processes of one namespace, as lsns(8) lists them.
import { discover, readTask } from '@ns/core';
import { userName } from '../ids.js';
import { type Given, UsageError } from '../options.js';
import { print, printable, printJson } from '../output.js';
import { type Column, table } from '../table.js';

const columns: readonly Column[] = [
  { title: 'PID', right: true },
  { title: 'PPID', right: true },
  { title: 'USER' },
  { title: 'COMMAND' },
];

/** Options that are about a list of namespaces. */
const others = ['type', 'task', 'persistent', 'filter', 'tree', 'output', 'output-all', 'raw'];

function processesOf(inode: number) {
  const namespace = discover().namespaces.find(({ id }) => Number(id.ino) === inode);
  if (namespace === undefined) throw new UsageError(`there is no namespace ${inode}`);
  return namespace.processes.flatMap((pid) => {
    const task = readTask(pid);
    return task === null ? [] : [{ ...task, user: userName(task.uid) }];
  });
}

/** Lists the processes of the namespace with this inode. */
export function listProcesses(given: Given, text: string): void {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`not the inode of a namespace: '${text}'`);
  const other = others.find((name) => given.has(name));
  if (other !== undefined) throw new UsageError(`--${other} is for a list of namespaces`);
  const processes = processesOf(Number(text));
  if (given.has('json')) {
    printJson({ processes });
    return;
  }
  const rows = processes.map(({ pid, ppid, user, command }) => {
    return [String(pid), String(ppid), user, printable(command)];
  });
  const width = given.has('notruncate') ? undefined : process.stdout.columns;
  table(columns, rows, { headings: !given.has('noheadings'), columns: width }).forEach(print);
}
