// Names of network namespaces, in the manner of ip-netns(8).
import { named } from '@ns/net';
import { isPid } from '../../arguments/open-namespace.js';
import { done, type Verb } from '../../framework/command.js';
import { print, printable, printJson } from '../../framework/output.js';
import { table } from '../../framework/table.js';
import { UsageError } from '../../framework/usage-error.js';
import { waitForCommand } from '../../framework/wait-for-command.js';

export const ls: Verb = {
  usage: '',
  summary: 'List the names.',
  options: [],
  run(commandLine) {
    commandLine.named();
    const namespaces = named.list();
    if (commandLine.has('json')) printJson({ namespaces });
    else {
      const rows = namespaces.map(({ name, id }) => [printable(name), String(id ?? '')]);
      table([{ title: 'NAME' }, { title: 'NSID', right: true }], rows).forEach(print);
    }
    return done;
  },
};

export const add: Verb = {
  usage: 'NAME',
  summary: 'Create a namespace with a name.',
  options: [],
  run(commandLine) {
    const [name] = commandLine.named('the name');
    using namespace = named.create(name);
    if (commandLine.has('json')) printJson({ name, inode: namespace.id.ino });
    return done;
  },
};

export const del: Verb = {
  usage: 'NAME',
  summary: 'Remove a name. The namespace ends with its last process.',
  options: [],
  run(commandLine) {
    const [name] = commandLine.named('the name');
    named.remove(name);
    if (commandLine.has('json')) printJson({ name });
    return done;
  },
};

export const pids: Verb = {
  usage: 'NAME',
  summary: 'List the processes in a namespace.',
  options: [],
  run(commandLine) {
    const [name] = commandLine.named('the name');
    const processes = named.listPids(name);
    if (commandLine.has('json')) printJson({ name, processes });
    else processes.map(String).forEach(print);
    return done;
  },
};

export const identify: Verb = {
  usage: '[PID]',
  summary: 'Print the names of the namespace of a process, or of ns itself.',
  options: [],
  run(commandLine) {
    const [pid] = commandLine.operands.length === 0 ? [] : commandLine.named('the process id');
    if (pid !== undefined && !isPid(pid)) {
      throw new UsageError(`the process id must be a number, got '${pid}'`);
    }
    const names = named.identify(pid === undefined ? undefined : Number(pid));
    if (commandLine.has('json')) printJson({ names });
    else names.map(printable).forEach(print);
    return done;
  },
};

export const exec: Verb = {
  usage: 'NAME [--] command...',
  summary: 'Run a command in a namespace.',
  options: [],
  runs: true,
  run({ operands }) {
    const [name, ...command] = operands;
    const [file, ...args] = command[0] === '--' ? command.slice(1) : command;
    if (name === undefined) throw new UsageError('the name is missing');
    if (file === undefined) throw new UsageError('the command is missing');
    return waitForCommand(() => named.exec(name, file, args, { stdio: 'inherit' }));
  },
};
