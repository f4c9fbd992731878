// Names of network namespaces, in the manner of ip-netns(8).
import { named } from '@ns/net';
import { attend } from '../attend.js';
import type { Outcome } from '../command.js';
import { readOptions, UsageError } from '../options.js';
import { printable, table } from '../table.js';
import { done, json, print, words } from './print.js';

export function list(rest: readonly string[]): Outcome {
  const given = readOptions(rest, [json]);
  words(given.operands, 0, '');
  const namespaces = named.list();
  if (given.has('json')) print(JSON.stringify({ namespaces }, null, 2));
  else {
    const rows = namespaces.map(({ name, id }) => [
      printable(name),
      id === undefined ? '' : String(id),
    ]);
    for (const line of table([{ title: 'NAME' }, { title: 'NSID', right: true }], rows))
      print(line);
  }
  return done;
}

export function add(rest: readonly string[]): Outcome {
  const [name] = words(rest, 1, 'the name') as [string];
  named.create(name).close();
  return done;
}

export function remove(rest: readonly string[]): Outcome {
  const [name] = words(rest, 1, 'the name') as [string];
  named.delete(name);
  return done;
}

export function pids(rest: readonly string[]): Outcome {
  const [name] = words(rest, 1, 'the name') as [string];
  for (const pid of named.pids(name)) print(String(pid));
  return done;
}

export function identify(rest: readonly string[]): Outcome {
  const [pid] = rest.length === 0 ? [] : words(rest, 1, 'the process id');
  if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) {
    throw new UsageError(`not a process id: '${pid}'`);
  }
  for (const name of named.identify(pid === undefined ? undefined : Number(pid))) print(name);
  return done;
}

export function exec(rest: readonly string[]): Promise<Outcome> {
  const [name, ...command] = rest;
  const [file, ...args] = command[0] === '--' ? command.slice(1) : command;
  if (name === undefined) throw new UsageError('the name is missing');
  if (file === undefined) throw new UsageError('the command is missing');
  return attend(() => named.exec(name, file, args, { stdio: 'inherit' }));
}
