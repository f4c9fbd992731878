// `ns completion`: the completion of a shell, made of the same descriptions as the help.
import type { Command, Outcome } from './command.js';
import { bashCompletion } from './completion/bash.js';
import { fishCompletion } from './completion/fish.js';
import { completed } from './completion/model.js';
import { zshCompletion } from './completion/zsh.js';
import { allCommands } from './ns.js';
import { type Given, UsageError } from './options.js';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof shells;

/** The script that completes the command line of `ns` in a shell. */
export function completionFor(shell: Shell, commands: readonly Command[]): string {
  return shells[shell](completed(commands));
}

async function show(given: Given): Promise<Outcome> {
  const [shell, ...more] = given.operands;
  if (shell === undefined || more.length > 0 || !Object.hasOwn(shells, shell)) {
    throw new UsageError(`one of ${Object.keys(shells).join(', ')} is wanted`);
  }
  process.stdout.write(completionFor(shell as Shell, await allCommands()));
  return { exitCode: 0 };
}

export const completion: Command = {
  name: 'completion',
  summary: 'Print what completes the command line of ns in a shell.',
  usage: 'bash|zsh|fish',
  options: [],
  verbs: Object.keys(shells),
  notes: [
    'The same files are in the package: dist/completions.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: [
    'source <(ns completion bash)',
    'ns completion zsh > ~/.zfunc/_ns',
    'ns completion fish > ~/.config/fish/completions/ns.fish',
  ],
  failureCode: 1,
  run: show,
};
