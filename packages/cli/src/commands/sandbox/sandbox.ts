// `ns sandbox`: a confined command, by presets, a config file and options.
import { sandbox as sandboxes } from '@ns/sandbox';
import { type Command, done, type Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { printJson } from '../../framework/output.js';
import { auditSandbox } from './audit.js';
import { sandboxOptions } from './options.js';
import { planSandbox } from './plan.js';
import { runConfined } from './run-confined.js';

async function runSandbox(commandLine: CommandLine): Promise<Outcome> {
  if (commandLine.has('schema')) {
    printJson(sandboxes.schema);
    return done;
  }
  const { words, options, preset } = planSandbox(commandLine);
  if (commandLine.has('plan')) {
    printJson(sandboxes.plan(options));
    return done;
  }
  if (commandLine.has('audit')) {
    return auditSandbox(options, preset ?? 'default', { json: commandLine.has('json') });
  }
  return runConfined(commandLine, options, words);
}

export const sandbox: Command = {
  name: 'sandbox',
  summary: 'Run a command confined: no network, the files read-only, no privileges.',
  usage: '[options] [--] [command [argument...]]',
  runs: true,
  options: sandboxOptions,
  notes: [
    'Without a command, that of the config file is run, or /bin/sh. Options override the config file.',
    'At a terminal the command has a terminal of its own with job control: Ctrl-C and Ctrl-Z reach what runs in it. Ctrl-Z does not stop a command that is not a shell.',
    'With --json, the output, the end and the report of the command are one object: { "exitCode", "signal", "stdout", "stderr", "durationMs", "report" }. The exit code is the same, or 128 + n for signal n.',
    'With --audit no command is run: a sandbox of these options is probed from inside, without a packet, a connection to a service or a change outside. REACHABLE in capitals breaks a promise of the preset; limited is what an option names, or a limit allows. With --json it is an object: { "preset", "kept", "findings" }. Exit code: 0 if the promises of the preset are kept, 1 if not.',
    'Exit code: that of the command; death by a signal is passed on; 127 if it was not found, 126 if it could not be run, 125 for errors of ns sandbox itself.',
  ],
  examples: [
    'ns sandbox -- sh -c "id; touch /etc/x"',
    'ns sandbox --preset untrusted -- python3 script.py',
    'ns sandbox --preset build -- make test',
    'ns sandbox --preset node script.js',
    'ns sandbox --root alpine.tar.gz --changes -- sh -c "echo x >> /etc/motd"',
    'ns sandbox --network private --forward 8080:80 -- ./server',
    'ns sandbox --config sandbox.json --plan',
    'ns sandbox --audit --preset untrusted',
  ],
  failureCode: 125,
  run: runSandbox,
};
