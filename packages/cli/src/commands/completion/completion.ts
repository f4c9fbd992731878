// `ns completion`: prints the completion of a shell, made of the same descriptions as the help.
import { type Action, type CommandDescription, done } from '../../framework/command.js';
import { describeCommands } from '../../framework/completion/described-commands.js';
import { type Shell, shells } from '../../framework/completion/shells.js';
import { printJson } from '../../framework/output.js';
import { UsageError } from '../../framework/usage-error.js';

const names = Object.keys(shells);

export const completion: CommandDescription & Action = {
  name: 'completion',
  summary: 'Print the completion of ns for a shell.',
  usage: 'bash|zsh|fish',
  options: [],
  words: names,
  notes: [
    'The package has the same files in dist/completions. With --json and without a shell, it prints the commands with their options, which completions are made of.',
    'Exit code: 0, or 1 for an error.',
  ],
  examples: [
    'source <(ns completion bash)',
    'ns completion zsh > ~/.zfunc/_ns',
    'ns completion fish > ~/.config/fish/completions/ns.fish',
    'ns completion --json',
  ],
  failureCode: 1,
  async run(commandLine, commands) {
    if (commandLine.has('json') && commandLine.operands.length === 0) {
      printJson({ commands: describeCommands(await commands()) });
      return done;
    }
    const [shell] = commandLine.named('the shell');
    if (!Object.hasOwn(shells, shell)) {
      throw new UsageError(`the shell must be one of ${names.join(', ')}, got '${shell}'`);
    }
    const script = shells[shell as Shell](await commands());
    if (commandLine.has('json')) printJson({ shell, script });
    else process.stdout.write(script);
    return done;
  },
};
