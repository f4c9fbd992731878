// `ns net`: network namespaces with names, in the manner of ip-netns(8).
import { named } from '@ns/net';
import { attend } from './attend.js';
import type { Command, Outcome } from './command.js';
import { type Given, readOptions, UsageError } from './options.js';
import { printable, table } from './table.js';

const done: Outcome = { exitCode: 0 };
const print = (line: string) => process.stdout.write(`${line}\n`);

/** What a verb is followed by: `count` words, no more. */
function words(rest: readonly string[], count: number, what: string): readonly string[] {
  const { operands } = readOptions(rest, []);
  if (operands.length < count) throw new UsageError(`${what} is missing`);
  if (operands.length > count) throw new UsageError(`unexpected '${operands[count]}'`);
  return operands;
}

const json = { title: 'Options', options: { json: { short: 'J', help: 'as JSON' } } };

function list(rest: readonly string[]): Outcome {
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

function add(rest: readonly string[]): Outcome {
  const [name] = words(rest, 1, 'the name') as [string];
  named.create(name).close();
  return done;
}

function remove(rest: readonly string[]): Outcome {
  const [name] = words(rest, 1, 'the name') as [string];
  named.delete(name);
  return done;
}

function pids(rest: readonly string[]): Outcome {
  const [name] = words(rest, 1, 'the name') as [string];
  for (const pid of named.pids(name)) print(String(pid));
  return done;
}

function identify(rest: readonly string[]): Outcome {
  const [pid] = rest.length === 0 ? [] : words(rest, 1, 'the process id');
  if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) {
    throw new UsageError(`not a process id: '${pid}'`);
  }
  for (const name of named.identify(pid === undefined ? undefined : Number(pid))) print(name);
  return done;
}

function exec(rest: readonly string[]): Promise<Outcome> {
  const [name, ...command] = rest;
  const [file, ...args] = command[0] === '--' ? command.slice(1) : command;
  if (name === undefined) throw new UsageError('the name is missing');
  if (file === undefined) throw new UsageError('the command is missing');
  return attend(() => named.exec(name, file, args, { stdio: 'inherit' }));
}

const verbs: Readonly<Record<string, (rest: readonly string[]) => Outcome | Promise<Outcome>>> = {
  ls: list,
  add,
  del: remove,
  exec,
  pids,
  identify,
};

function dispatch(given: Given): Outcome | Promise<Outcome> {
  const [verb = 'ls', ...rest] = given.operands;
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!run)
    throw new UsageError(`there is no 'ns net ${verb}', only ${Object.keys(verbs).join(', ')}`);
  return run(rest);
}

export const net: Command = {
  name: 'net',
  summary: 'Network namespaces with names, as ip netns makes them.',
  usage: 'ls | add NAME | del NAME | exec NAME [--] command... | pids NAME | identify [PID]',
  options: [],
  notes: [
    'ls takes --json. exec runs a command in the namespace, with the files of /etc/netns/NAME in the place of those in /etc.',
    'Exit code: 0, or 125 for an error; of exec, that of the command.',
  ],
  examples: [
    'ns net add blue',
    'ns net exec blue ip address',
    'ns net ls --json',
    'ns net del blue',
  ],
  failureCode: 125,
  run: dispatch,
};
