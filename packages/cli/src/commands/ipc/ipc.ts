// `ns ipc`: lists the objects in an IPC namespace, in the manner of ipcs(1) and lsipc(1).
import { readSnapshot } from '@ns/ipc';
import { inOption, withNamespaceOption } from '../../arguments/open-namespace.js';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';
import { limitsTable, objectTables } from './tables.js';

const options = {
  title: 'Options',
  options: {
    in: inOption,
    limits: { short: 'l', help: 'show limits and their usage instead of objects' },
  },
};

function list(commandLine: CommandLine): Outcome {
  commandLine.named();
  const found = withNamespaceOption(commandLine, 'ipc', (namespace) =>
    readSnapshot(namespace === undefined ? {} : { in: namespace }),
  );
  if (commandLine.has('json')) {
    printJson(found);
    return done;
  }
  const tables = commandLine.has('limits') ? [limitsTable(found)] : objectTables(found);
  tables.forEach(({ title, columns, rows }, i) => {
    print(`${i > 0 ? '\n' : ''}${title}: ${rows.length === 0 ? 'none' : rows.length}`);
    if (rows.length > 0) table(columns, rows, { columns: process.stdout.columns }).forEach(print);
  });
  if (found.posixQueues === undefined) {
    process.stderr.write('ns ipc: no permission to list POSIX message queues\n');
  }
  return done;
}

export const ipc: Command = {
  name: 'ipc',
  summary: 'Show the objects in an IPC namespace.',
  verbs: {
    ls: {
      usage: '[options]',
      summary: 'List queues, shared memory and semaphores.',
      options: [options],
      run: list,
    },
  },
  usual: 'ls',
  notes: [
    'ls lists System V message queues, shared memory and semaphore sets, and POSIX message queues. With --json it has the limits and their usage as well.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns ipc ls', 'ns ipc ls --in 4711', 'ns ipc ls --limits', 'ns ipc ls --json'],
  failureCode: 1,
};
