// `ns ls`: lists the namespaces of the machine, in the manner of lsns(8).
import {
  type Action,
  type CommandDescription,
  done,
  type Outcome,
} from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';
import { chosenColumns, columnHelp, columnNames } from './columns.js';
import { parseFilter } from './filter.js';
import { findNamespaces, typesOf } from './find-namespaces.js';
import { lsOptions } from './options.js';
import { printColumns, printNamespaces } from './print-namespaces.js';
import { listProcesses } from './processes.js';
import { relations } from './tree.js';

function list(commandLine: CommandLine): Outcome {
  const { operands } = commandLine;
  if (commandLine.has('list') && commandLine.has('tree')) {
    throw new UsageError('--list and --tree exclude each other');
  }
  if (commandLine.has('list-columns')) {
    commandLine.named();
    printColumns(commandLine);
    return done;
  }
  if (operands.length > 0) {
    listProcesses(commandLine, commandLine.named('the namespace')[0]);
    return done;
  }
  if (commandLine.has('tree')) commandLine.word('tree', relations);
  const types = typesOf(commandLine);
  const columns = chosenColumns(commandLine, types);
  const expression = commandLine.value('filter');
  const filter = expression === undefined ? undefined : parseFilter(expression, columnNames);
  printNamespaces(commandLine, findNamespaces(commandLine, types, filter), columns);
  return done;
}

export const ls: CommandDescription & Action = {
  name: 'ls',
  summary: 'List the namespaces of the machine.',
  usage: '[options] [NAMESPACE]',
  options: lsOptions,
  notes: [
    'With NAMESPACE, the inode of a namespace, its processes are listed.',
    `Columns: ${columnHelp}.`,
    'Relations: owner, parent, process.',
    'Expressions: columns, numbers, "texts", true and false; == != < <= > >= or eq ne lt le gt ge; =~ and !~ with a regular expression; and, or, not or && || !; parentheses. A column by itself is true if it is not empty, 0 or false.',
    'Namespaces that only a mount, a descriptor, a socket or another namespace keeps alive are listed, too. Without privileges, those of other users are hidden; a line at the end says how many processes could not be read.',
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
