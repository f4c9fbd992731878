// `ns completion`: the completion of a shell, made of the same descriptions as the help.
import { type Action, type Command, type CommandDescription, done } from '../command.js';
import { UsageError } from '../options.js';
import { printJson } from '../output.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { completed } from './model.js';
import { zshCompletion } from './zsh.js';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof shells;

const names = Object.keys(shells);

/** The script that completes the command line of `ns` in a shell. */
export function completionFor(shell: Shell, commands: readonly Command[]): string {
  return shells[shell](completed(commands));
}

export const completion: CommandDescription & Action = {
  name: 'completion',
  summary: 'Print what completes the command line of ns in a shell.',
  usage: 'bash|zsh|fish',
  options: [],
  words: names,
  notes: [
    'The same files are in the package: dist/completions. With --json and without a shell, it is the commands with their options that is printed: what completions are made of.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: [
    'source <(ns completion bash)',
    'ns completion zsh > ~/.zfunc/_ns',
    'ns completion fish > ~/.config/fish/completions/ns.fish',
    'ns completion --json',
  ],
  failureCode: 1,
  async run(given, commands) {
    const { operands } = given;
    if (given.has('json') && operands.length === 0) {
      printJson({ commands: completed(await commands()) });
      return done;
    }
    const [shell] = given.named('the shell');
    if (!Object.hasOwn(shells, shell)) {
      throw new UsageError(`one of ${names.join(', ')} is wanted`);
    }
    const script = completionFor(shell as Shell, await commands());
    if (given.has('json')) printJson({ shell, script });
    else process.stdout.write(script);
    return done;
  },
};
