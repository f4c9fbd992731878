// The tables of `ns ipc`.
import type { IpcSnapshot } from '@ns/ipc';
import { userName } from '../../arguments/ids.js';
import { printable } from '../../framework/output.js';
import type { Column } from '../../framework/table.js';

/** A table with its title. */
export interface TitledTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

const key = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
const mode = (value: number) => value.toString(8).padStart(3, '0');
const right = (title: string): Column => ({ title, right: true });

interface SystemVObject {
  readonly id: number;
  readonly key: number;
  readonly uid: number;
  readonly mode: number;
}

/** The first columns of all System V objects. */
const common = [{ title: 'KEY' }, right('ID'), { title: 'OWNER' }, right('PERMS')];
const commonCells = (object: SystemVObject) => [
  key(object.key),
  String(object.id),
  userName(object.uid),
  mode(object.mode),
];

/** Returns a cell of a POSIX queue. Of a queue without permission to read, only the name is known. */
function cell<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? '-' : text(value);
}

function posixTable(queues: NonNullable<IpcSnapshot['posixQueues']>): TitledTable {
  return {
    title: 'POSIX message queues',
    columns: [
      { title: 'NAME' },
      { title: 'OWNER' },
      right('PERMS'),
      right('SIZE'),
      right('MESSAGES'),
    ],
    rows: queues.map((queue) => [
      printable(queue.name),
      cell(queue.uid, userName),
      cell(queue.mode, mode),
      cell(queue.messageSize, String),
      cell(queue.messages, (count) => `${count}/${queue.maxMessages}`),
    ]),
  };
}

/** Returns a table for each kind of object. */
export function objectTables(found: IpcSnapshot): TitledTable[] {
  const systemV: TitledTable[] = [
    {
      title: 'Message queues',
      columns: [...common, right('BYTES'), right('MESSAGES')],
      rows: found.messageQueues.map((queue) => [
        ...commonCells(queue),
        String(queue.bytes),
        String(queue.messages),
      ]),
    },
    {
      title: 'Shared memory',
      columns: [...common, right('BYTES'), right('ATTACHED')],
      rows: found.sharedMemory.map((segment) => [
        ...commonCells(segment),
        String(segment.size),
        String(segment.attachments),
      ]),
    },
    {
      title: 'Semaphore sets',
      columns: [...common, right('SEMAPHORES')],
      rows: found.semaphoreSets.map((set) => [...commonCells(set), String(set.count)]),
    },
  ];
  return found.posixQueues === undefined ? systemV : [...systemV, posixTable(found.posixQueues)];
}

/** Returns the table of limits, with the part that is used. */
export function limitsTable({ limits, usage, posixQueues }: IpcSnapshot): TitledTable {
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
  return { title: 'Limits', columns: [{ title: 'LIMIT' }, right('VALUE'), right('USED')], rows };
}
