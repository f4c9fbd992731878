// `ns enter`: a command in existing namespaces, in the manner of nsenter(1).
import { explainSpawn, spawn } from '@ns/core';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printJson } from '../../framework/output.js';
import { waitForCommand } from '../../framework/wait-for-command.js';
import { enterOptions } from './options.js';
import { planEnter } from './plan.js';

async function enterNamespaces(commandLine: CommandLine): Promise<Outcome> {
  const plan = planEnter(commandLine);
  const [command, args, options] = plan.spawn;
  try {
    if (commandLine.has('explain')) {
      const calls = explainSpawn(...plan.spawn).split('\n');
      if (commandLine.has('json')) printJson({ calls });
      else calls.forEach(print);
      return done;
    }
    return await waitForCommand(async () => {
      const child = await spawn(command, args, { ...options, stdio: 'inherit' });
      plan.close();
      return child;
    });
  } finally {
    plan.close();
  }
}

export const enter: Command = {
  name: 'enter',
  summary: 'Run a command in existing namespaces.',
  usage: '--target PID [options] [--] [command [argument...]]',
  options: enterOptions,
  runs: true,
  notes: [
    'Without a command, $SHELL is run, or the shell of /etc/passwd. Without privileges, a rootless container is entered through its user namespace, which is joined first.',
    'With --json, errors of ns itself are objects on standard error; standard output is the command’s. With --explain, the result is an object, too.',
    'Exit code: that of the command; death by a signal is passed on; 127 if it was not found, 126 if it could not be run, 125 for errors of ns enter itself.',
  ],
  examples: [
    'ns enter --target 4711                  # a shell in all of its namespaces',
    'ns enter -t 4711 --net -- ip address',
    'ns enter --net=/run/netns/blue ip route',
  ],
  failureCode: 125,
  run: enterNamespaces,
};
