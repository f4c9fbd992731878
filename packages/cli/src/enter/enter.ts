// `ns enter`: a command in existing namespaces, in the manner of nsenter(1).
import { explainSpawn, spawn } from '@ns/core';
import { attend } from '../attend.js';
import { type Command, done, type Outcome } from '../command.js';
import type { Given } from '../options.js';
import { print, printJson } from '../output.js';
import { enterOptions, planEnter } from './plan.js';

async function enterNamespaces(given: Given): Promise<Outcome> {
  const { words, close } = planEnter(given);
  const [command, args, options] = words;
  try {
    if (given.has('explain')) {
      const calls = explainSpawn(...words).split('\n');
      if (given.has('json')) printJson({ calls });
      else calls.forEach(print);
      return done;
    }
    return await attend(async () => {
      const child = await spawn(command, args, { ...options, stdio: 'inherit' });
      close();
      return child;
    });
  } finally {
    close();
  }
}

export const enter: Command = {
  name: 'enter',
  summary: 'Run a command in existing namespaces.',
  usage: '--target PID [options] [--] [command [argument...]]',
  options: enterOptions,
  runs: true,
  notes: [
    'Without a command, $SHELL is run, or the shell of /etc/passwd. Without privileges, a rootless container is entered by way of its user namespace, which is joined first.',
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
