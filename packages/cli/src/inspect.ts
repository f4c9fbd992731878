// `ns inspect`: what is known of the namespaces of a process, or of one behind a file or a name.
import { existsSync } from 'node:fs';
import { allNamespaceTypes, Namespace } from '@ns/core';
import { OpenProcess } from '@ns/core/authors';
import { type Command, done, type Outcome } from './command.js';
import { type Given, UsageError } from './options.js';
import { print, printJson } from './output.js';
import { table } from './table.js';

/** What is told of a namespace. */
interface Told {
  readonly type: string;
  readonly inode: number;
  readonly id: string | null;
  readonly initial: boolean;
  /** Whether the caller is in it. */
  readonly own: boolean;
  readonly ownerUid: number | null;
  /** By their inodes. */
  readonly owner: number | null;
  readonly parent: number | null;
}

/** What the kernel tells only to some: null if it does not. */
function unlessRefused<Value>(ask: () => Value): Value | null {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

function inodeOf(get: () => Namespace | null): number | null {
  const namespace = unlessRefused(get);
  if (namespace === null) return null;
  try {
    return Number(namespace.id.ino);
  } finally {
    namespace.close();
  }
}

function tell(namespace: Namespace): Told {
  const { type } = namespace;
  const current = Namespace.current(type);
  try {
    return {
      type,
      inode: Number(namespace.id.ino),
      id: unlessRefused(() => namespace.nsid)?.toString() ?? null,
      initial: namespace.isInitial,
      own: namespace.equals(current),
      ownerUid: type === 'user' ? unlessRefused(() => namespace.ownerUid()) : null,
      owner: type === 'user' ? null : inodeOf(() => namespace.owner()),
      parent: type === 'user' || type === 'pid' ? inodeOf(() => namespace.parent()) : null,
    };
  } finally {
    current.close();
  }
}

/** The namespaces that a text means: all of a process, the one behind a file, or a network by name. */
function open(text: string): Namespace[] {
  if (/^[1-9]\d{0,9}$/.test(text)) {
    using target = OpenProcess.open(Number(text));
    return target.namespaces();
  }
  if (text === 'self') return allNamespaceTypes.map((type) => Namespace.current(type));
  if (text.includes('/')) return [Namespace.fromPath(text)];
  const named = `/run/netns/${text}`;
  if (text !== '' && existsSync(named)) return [Namespace.fromPath(named, 'net')];
  throw new UsageError(`'${text}' is no process id, no path and no name of a network namespace`);
}

const columns = [
  { title: 'TYPE' },
  { title: 'INODE' },
  { title: 'ID' },
  { title: 'OWNER' },
  { title: 'PARENT' },
  { title: 'NOTES' },
];

function row({ type, inode, id, owner, ownerUid, parent, initial, own }: Told): string[] {
  const notes = [initial ? 'initial' : '', own ? 'own' : ''].filter(Boolean).join(', ');
  const ownedBy = owner ?? (ownerUid === null ? '-' : `uid ${ownerUid}`);
  return [type, String(inode), id ?? '-', String(ownedBy), String(parent ?? '-'), notes];
}

function inspectAll(given: Given): Outcome {
  const { operands } = given;
  if (operands.length === 0) throw new UsageError('a process, file or name is missing');
  const told = operands.flatMap((text) => {
    const opened = open(text);
    try {
      return opened.map(tell);
    } finally {
      for (const one of opened) one.close();
    }
  });
  if (given.has('json')) printJson({ namespaces: told });
  else table(columns, told.map(row), { columns: process.stdout.columns }).forEach(print);
  return done;
}

export const inspect: Command = {
  name: 'inspect',
  summary: 'Show the namespaces of a process, or one behind a file or a name.',
  usage: '[options] PID|PATH|NAME...',
  options: [],
  notes: [
    'OWNER is the user namespace that owns one, by its inode, or for a user namespace the user who made it; - is what the kernel does not tell.',
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
