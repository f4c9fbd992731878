// `ns inspect`: prints the namespaces of a process, or the one behind a file or a name.
import { existsSync } from 'node:fs';
import { allNamespaceTypes, Namespace } from '@ns/core';
import { OpenProcess } from '@ns/core/authors';
import { isPid } from '../../arguments/open-namespace.js';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';
import { UsageError } from '../../framework/usage-error.js';
import { describeNamespace, type NamespaceDescription } from './describe-namespace.js';

/** Opens the namespaces that a text means: all of a process, the one of a file, or a network by name. */
function openAll(text: string): Namespace[] {
  if (isPid(text)) {
    using target = OpenProcess.open(Number(text));
    return target.namespaces();
  }
  if (text === 'self') return allNamespaceTypes.map((type) => Namespace.current(type));
  if (text.includes('/')) return [Namespace.fromPath(text)];
  const named = `/run/netns/${text}`;
  if (text !== '' && existsSync(named)) return [Namespace.fromPath(named, 'net')];
  throw new UsageError(
    `a namespace must be a pid, a path or the name of a network namespace, got '${text}'`,
  );
}

const columns = [
  { title: 'TYPE' },
  { title: 'INODE' },
  { title: 'ID' },
  { title: 'OWNER' },
  { title: 'PARENT' },
  { title: 'NOTES' },
];

function row(description: NamespaceDescription): string[] {
  const { type, inode, id, owner, ownerUid, parent, initial, own } = description;
  const notes = [initial ? 'initial' : '', own ? 'own' : ''].filter(Boolean).join(', ');
  const ownedBy = owner ?? (ownerUid === null ? '-' : `uid ${ownerUid}`);
  return [type, String(inode), id ?? '-', String(ownedBy), String(parent ?? '-'), notes];
}

function inspectAll(commandLine: CommandLine): Outcome {
  const { operands } = commandLine;
  if (operands.length === 0) throw new UsageError('a process, file or name is missing');
  const namespaces = operands.flatMap((text) => {
    const handles = openAll(text);
    try {
      return handles.map(describeNamespace);
    } finally {
      for (const handle of handles) handle.close();
    }
  });
  if (commandLine.has('json')) printJson({ namespaces });
  else table(columns, namespaces.map(row), { columns: process.stdout.columns }).forEach(print);
  return done;
}

export const inspect: Command = {
  name: 'inspect',
  summary: 'Show the namespaces of a process, or the one behind a file or a name.',
  usage: '[options] PID|PATH|NAME...',
  options: [],
  notes: [
    'OWNER is the inode of the owning user namespace, or for a user namespace the user who created it; - stands for what the kernel refuses to tell.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: [
    'ns inspect 4711',
    'ns inspect self --json',
    'ns inspect /run/netns/blue',
    'ns inspect blue',
  ],
  failureCode: 1,
  run: inspectAll,
};
