// `ns run`: a command in new namespaces, in the manner of unshare(1).
import type { Cgroup } from '@ns/cgroup';
import { explainSpawn, spawn } from '@ns/core';
import { limitsOf } from '../../arguments/limits.js';
import {
  type Action,
  type CommandDescription,
  done,
  type Outcome,
} from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { print, printJson } from '../../framework/output.js';
import { waitForCommand } from '../../framework/wait-for-command.js';
import { runOptions } from './options.js';
import { planRun } from './plan.js';
import { forwardedSignals } from './signal-options.js';

/** Prints the limits and the system calls, and runs nothing. */
export async function explainRun(commandLine: CommandLine): Promise<Outcome> {
  const wanted = limitsOf(commandLine);
  const settings = wanted && (await import('@ns/cgroup')).settingsOf(wanted);
  const limits = (settings ?? []).map(({ file, value }) => `${file} = ${value}`);
  const calls = explainSpawn(...planRun(commandLine)).split('\n');
  if (commandLine.has('json')) printJson({ limits, calls });
  else [...limits, ...calls].forEach(print);
  return done;
}

function runIn(commandLine: CommandLine, group?: Cgroup): Promise<Outcome> {
  const [command, args, options] = planRun(commandLine, group);
  return waitForCommand(() => spawn(command, args, { ...options, stdio: 'inherit' }), {
    only: forwardedSignals(commandLine),
  });
}

async function runInNew(commandLine: CommandLine): Promise<Outcome> {
  if (commandLine.has('explain')) return explainRun(commandLine);
  const limits = limitsOf(commandLine);
  if (limits === undefined) return runIn(commandLine);
  const { createJobGroup, settingsOf } = await import('@ns/cgroup');
  settingsOf(limits); // refuses wrong limits before a group is created
  await using group = await createJobGroup(limits, { name: 'ns-run' });
  return await runIn(commandLine, group);
}

export const run: CommandDescription & Action = {
  name: 'run',
  summary: 'Run a command in new namespaces.',
  usage: '[types] [options] [--] [command [argument...]]',
  options: runOptions,
  runs: true,
  notes: [
    'Without a command, $SHELL is run, or the shell of /etc/passwd. In a new pid namespace a small init is PID 1: it reaps orphans and passes signals on.',
    'With --json, errors of ns itself are objects on standard error; standard output is the command’s. With --explain, the result is an object, too.',
    'Exit code: that of the command; death by a signal is passed on; 127 if it was not found, 126 if it could not be run, 125 for errors of ns run itself.',
  ],
  examples: [
    'ns run                                  # a shell in eight new namespaces',
    'ns run --hostname box -- sh -c "hostname; id -u; ip address"',
    'ns run --net --map-root-user ping -c 1 127.0.0.1',
    'ns run --user --time --boottime 86400 uptime',
    'ns run --root /srv/alpine --overlay --dev --tmpfs /tmp:64M -- /bin/sh',
    'ns run -R empty --ro-bind /usr --ro-bind /lib --ro-bind /lib64 /usr/bin/ls /',
  ],
  failureCode: 125,
  run: runInNew,
};
