// Runs the command of `ns sandbox`: at the terminal, or for a program that reads JSON.
import type { NamespaceProcess } from '@ns/core';
import { signalNumber } from '@ns/core/authors';
import { type SandboxOptions, sandbox } from '@ns/sandbox';
import type { Outcome } from '../../framework/command.js';
import type { CommandLine } from '../../framework/command-line.js';
import { jsonText, printable, printJson } from '../../framework/output.js';
import { waitForCommand } from '../../framework/wait-for-command.js';
import { ProgressLine } from './progress-line.js';
import { isInteractive, waitAtTerminal } from './terminal-session.js';

type Box = Awaited<ReturnType<typeof sandbox.create>>;

/** Signals of the terminal. They do not reach the command, whose session is another. */
const typedSignals = ['SIGINT', 'SIGQUIT'] as const;

function createBox(options: SandboxOptions): Promise<Box> {
  const line = new ProgressLine('unpacking');
  const onProgress = ({ bytes, total }: { bytes: number; total: number }) =>
    line.show(bytes, total);
  return sandbox.create({ ...options, onProgress }).finally(() => line.clear());
}

const termOf = (term: string | undefined) => (term === undefined ? {} : { TERM: term });

/** Runs a command with the standard streams of `ns`, or in a terminal of its own. */
async function runShown(
  commandLine: CommandLine,
  box: Box,
  words: readonly string[],
): Promise<Outcome> {
  const [command = '/bin/sh', ...args] = words;
  const when = commandLine.word('terminal', ['auto', 'always', 'never']) ?? 'auto';
  if (when === 'always' || (when === 'auto' && isInteractive())) {
    return waitAtTerminal((terminal) =>
      box.spawn(command, args, { terminal, env: termOf(process.env.TERM) }),
    );
  }
  let child: NamespaceProcess | undefined;
  const pass = (signal: NodeJS.Signals) => child?.kill(signal);
  for (const signal of typedSignals) process.on(signal, pass);
  try {
    return await waitForCommand(async () => {
      child = await box.spawn(command, args, { stdio: 'inherit' });
      return child;
    });
  } finally {
    for (const signal of typedSignals) process.removeListener(signal, pass);
  }
}

/** Runs a command and prints its output and end as one object. */
async function runForProgram(box: Box, words: readonly string[]): Promise<Outcome> {
  const [command = '/bin/sh', ...args] = words;
  const { stdout, stderr, exitCode, signal, durationMs } = await box.run(command, args, {
    reject: false,
  });
  const result = { exitCode, signal, stdout, stderr, durationMs, report: box.report };
  printJson(result, { line: true });
  return { exitCode: exitCode ?? 128 + (signal === null ? 0 : signalNumber(signal)) };
}

async function printChanges(box: Box): Promise<void> {
  for (const { kind, path, unlisted } of await box.changes()) {
    const note = unlisted ? ' (content not listed)' : '';
    process.stderr.write(`${kind} ${printable(path)}${note}\n`);
  }
}

/** Creates the sandbox, runs the command in it, and removes the sandbox. */
export async function runConfined(
  commandLine: CommandLine,
  options: SandboxOptions,
  words: readonly string[],
): Promise<Outcome> {
  const box = await createBox(options);
  try {
    if (commandLine.has('report')) process.stderr.write(`${jsonText(box.report)}\n`);
    const outcome = commandLine.has('json')
      ? await runForProgram(box, words)
      : await runShown(commandLine, box, words);
    if (commandLine.has('changes')) await printChanges(box);
    return outcome;
  } finally {
    await box.stop();
  }
}
