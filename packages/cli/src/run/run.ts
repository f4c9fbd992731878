// `ns run`: a command in new namespaces, in the manner of unshare(1).
import type { Cgroup } from '@ns/cgroup';
import { explainSpawn, spawn } from '@ns/core';
import { attend } from '../attend.js';
import { type Action, type CommandDescription, done, type Outcome } from '../command.js';
import { limitsOf } from '../limit-options.js';
import type { Given } from '../options.js';
import { print, printJson } from '../output.js';
import { planRun, runOptions } from './plan.js';
import { forwardedSignals } from './signal-options.js';

/** Shows the limits and the system calls, and runs nothing. */
export async function explainRun(given: Given): Promise<Outcome> {
  const wanted = limitsOf(given);
  const settings = wanted && (await import('@ns/cgroup')).settingsOf(wanted);
  const limits = (settings ?? []).map(({ file, value }) => `${file} = ${value}`);
  const calls = explainSpawn(...planRun(given)).split('\n');
  if (given.has('json')) printJson({ limits, calls });
  else [...limits, ...calls].forEach(print);
  return done;
}

function runIn(given: Given, group?: Cgroup): Promise<Outcome> {
  const [command, args, options] = planRun(given, group);
  return attend(() => spawn(command, args, { ...options, stdio: 'inherit' }), {
    only: forwardedSignals(given),
  });
}

async function runInNew(given: Given): Promise<Outcome> {
  if (given.has('explain')) return explainRun(given);
  const limits = limitsOf(given);
  if (limits === undefined) return runIn(given);
  const { createJobGroup, settingsOf } = await import('@ns/cgroup');
  settingsOf(limits); // wrong ones are refused before there is a group
  await using group = await createJobGroup(limits, { name: 'ns-run' });
  return await runIn(given, group);
}

export const run: CommandDescription & Action = {
  name: 'run',
  summary: 'Run a command in new namespaces.',
  usage: '[types] [options] [--] [command [argument...]]',
  options: runOptions,
  runs: true,
  notes: [
    'Without a command, $SHELL is run, or the shell of /etc/passwd. In a new pid namespace a small init is PID 1, which reaps orphans and passes signals on.',
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
