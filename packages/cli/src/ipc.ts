// `ns ipc`: what is in an IPC namespace, in the manner of ipcs(1) and lsipc(1).
import { type IpcSnapshot, readSnapshot } from '@ns/ipc';
import { type Command, done, type Outcome } from './command.js';
import { userName } from './ids.js';
import type { Given } from './options.js';
import { print, printable, printJson } from './output.js';
import { withPlace } from './place.js';
import { type Column, table } from './table.js';

const options = {
  title: 'Options',
  options: {
    in: { value: 'PLACE', help: 'a pid in the namespace, or its file (default: the own one)' },
    limits: { short: 'l', help: 'limits and how much of them is used, instead of objects' },
  },
};

const key = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
const mode = (value: number) => value.toString(8).padStart(3, '0');
const right = (title: string): Column => ({ title, right: true });

interface Owned {
  readonly id: number;
  readonly key: number;
  readonly uid: number;
  readonly mode: number;
}

/** The columns that all objects of System V begin with. */
const common = [{ title: 'KEY' }, right('ID'), { title: 'OWNER' }, right('PERMS')];
const commonCells = (object: Owned) => [
  key(object.key),
  String(object.id),
  userName(object.uid),
  mode(object.mode),
];

type Part = [title: string, columns: readonly Column[], rows: string[][]];

function objectParts(found: IpcSnapshot): Part[] {
  const parts: Part[] = [
    [
      'Message queues',
      [...common, right('BYTES'), right('MESSAGES')],
      found.messageQueues.map((one) => [
        ...commonCells(one),
        String(one.bytes),
        String(one.messages),
      ]),
    ],
    [
      'Shared memory',
      [...common, right('BYTES'), right('ATTACHED')],
      found.sharedMemory.map((one) => [
        ...commonCells(one),
        String(one.size),
        String(one.attachments),
      ]),
    ],
    [
      'Semaphore sets',
      [...common, right('SEMAPHORES')],
      found.semaphoreSets.map((one) => [...commonCells(one), String(one.count)]),
    ],
  ];
  if (found.posixQueues !== undefined) {
    // Of a queue that one may not read there is only the name.
    const cell = <T>(value: T | undefined, text: (value: T) => string) =>
      value === undefined ? '-' : text(value);
    parts.push([
      'POSIX message queues',
      [{ title: 'NAME' }, { title: 'OWNER' }, right('PERMS'), right('SIZE'), right('MESSAGES')],
      found.posixQueues.map((one) => [
        printable(one.name),
        cell(one.uid, userName),
        cell(one.mode, mode),
        cell(one.messageSize, String),
        cell(one.messages, (count) => `${count}/${one.maxMessages}`),
      ]),
    ]);
  }
  return parts;
}

function limitsPart({ limits, usage, posixQueues }: IpcSnapshot): Part {
  const used: Readonly<Record<string, number | undefined>> = {
    shmmni: usage.segments,
    shmall: usage.pages,
    semmni: usage.semaphoreSets,
    semmns: usage.semaphores,
    msgmni: usage.messageQueues,
    queues_max: posixQueues?.length,
  };
  const rows = Object.entries(limits).map(([name, limit]) => [
    name,
    String(limit),
    String(used[name] ?? '-'),
  ]);
  return ['Limits', [{ title: 'LIMIT' }, right('VALUE'), right('USED')], rows];
}

function list(given: Given): Outcome {
  given.named();
  const found = withPlace(given, 'ipc', (place) =>
    readSnapshot(place === undefined ? {} : { in: place }),
  );
  if (given.has('json')) {
    printJson(found);
    return done;
  }
  const parts = given.has('limits') ? [limitsPart(found)] : objectParts(found);
  parts.forEach(([title, columns, rows], i) => {
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
  summary: 'Show what is in an IPC namespace.',
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
    'ls lists System V message queues, shared memory and semaphore sets, and POSIX message queues. With --json it has the limits as well, and how much of them is used.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: ['ns ipc ls', 'ns ipc ls --in 4711', 'ns ipc ls --limits', 'ns ipc ls --json'],
  failureCode: 1,
};
