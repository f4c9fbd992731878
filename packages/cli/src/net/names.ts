// Names of network namespaces, in the manner of ip-netns(8).
import { named } from '@ns/net';
import { attend } from '../attend.js';
import { done, type Verb } from '../command.js';
import { UsageError } from '../options.js';
import { print, printable, printJson } from '../output.js';
import { table } from '../table.js';

export const ls: Verb = {
  usage: '',
  summary: 'List the names.',
  options: [],
  run(given) {
    given.named();
    const namespaces = named.list();
    if (given.has('json')) printJson({ namespaces });
    else {
      const rows = namespaces.map(({ name, id }) => [printable(name), String(id ?? '')]);
      table([{ title: 'NAME' }, { title: 'NSID', right: true }], rows).forEach(print);
    }
    return done;
  },
};

export const add: Verb = {
  usage: 'NAME',
  summary: 'Make a namespace with a name.',
  options: [],
  run(given) {
    const [name] = given.named('the name');
    using namespace = named.create(name);
    if (given.has('json')) printJson({ name, inode: namespace.id.ino });
    return done;
  },
};

export const del: Verb = {
  usage: 'NAME',
  summary: 'Delete a name. The namespace ends with its last process.',
  options: [],
  run(given) {
    const [name] = given.named('the name');
    named.remove(name);
    if (given.has('json')) printJson({ name });
    return done;
  },
};

export const pids: Verb = {
  usage: 'NAME',
  summary: 'List the processes in it.',
  options: [],
  run(given) {
    const [name] = given.named('the name');
    const processes = named.listPids(name);
    if (given.has('json')) printJson({ name, processes });
    else processes.map(String).forEach(print);
    return done;
  },
};

export const identify: Verb = {
  usage: '[PID]',
  summary: 'Tell the names of the namespace of a process, or of the own one.',
  options: [],
  run(given) {
    const [pid] = given.operands.length === 0 ? [] : given.named('the process id');
    if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) {
      throw new UsageError(`not a process id: '${pid}'`);
    }
    const names = named.identify(pid === undefined ? undefined : Number(pid));
    if (given.has('json')) printJson({ names });
    else names.map(printable).forEach(print);
    return done;
  },
};

export const exec: Verb = {
  usage: 'NAME [--] command...',
  summary: 'Run a command in it.',
  options: [],
  runs: true,
  run({ operands }) {
    const [name, ...command] = operands;
    const [file, ...args] = command[0] === '--' ? command.slice(1) : command;
    if (name === undefined) throw new UsageError('the name is missing');
    if (file === undefined) throw new UsageError('the command is missing');
    return attend(() => named.exec(name, file, args, { stdio: 'inherit' }));
  },
};
