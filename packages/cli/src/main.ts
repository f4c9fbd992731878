// `ns` itself: finds the command, loads only that, and reports its end.
import { parse } from '@ns/core/authors';
import { allCommands, commandNames, isCommand, loadCommand } from './commands/commands.js';
import type { Command } from './framework/command.js';
import type { CommandLine } from './framework/command-line.js';
import { commandHelp, generalHelp, verbHelp } from './framework/help.js';
import { commonOptions } from './framework/option-table.js';
import { print, printJson } from './framework/output.js';
import { asksForJson, readCommandLine } from './framework/read-command-line.js';
import { UsageError } from './framework/usage-error.js';
import { type ChosenAction, chooseAction } from './framework/verbs.js';
import { version } from './version.js';

export { isCommand };

/** Exit code if no command is found. */
const GENERAL_FAILURE = 1;

function printVersion(commandLine: CommandLine): void {
  if (commandLine.has('json')) printJson({ version });
  else print(version);
}

async function runCommand(command: Command, args: readonly string[]): Promise<void> {
  const { endAs } = await import('./framework/exit-code.js');
  let chosen: ChosenAction | undefined;
  try {
    chosen = chooseAction(command, args);
    const { action, verb, words } = chosen;
    const place = action.runs ? 'before operands' : 'anywhere';
    const commandLine = readCommandLine(words, [...action.options, commonOptions], place);
    if (commandLine.has('help')) {
      print(verb === undefined ? commandHelp(command) : verbHelp(command, verb));
    } else if (commandLine.has('version')) printVersion(commandLine);
    else await endAs(await action.run(commandLine, allCommands));
  } catch (error) {
    const { reportError } = await import('./framework/error-report.js');
    const { words = args, action } = chosen ?? {};
    const place = action?.runs ? 'before operands' : 'anywhere';
    const json = asksForJson(words, action?.options ?? [], place);
    reportError(error, {
      command: `ns ${command.name}`,
      failureCode: command.failureCode,
      json,
    });
  }
}

/** Returns the error of a command that does not exist. */
function unknownCommand(name: string): UsageError {
  const meant = parse.nearest(name, commandNames);
  const help = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  return new UsageError(`unknown command '${name}'${help}`);
}

async function runGeneral(args: readonly string[]): Promise<void> {
  try {
    const commandLine = readCommandLine(args, [commonOptions]);
    const [name] = commandLine.operands;
    if (commandLine.has('version')) {
      printVersion(commandLine);
    } else if (commandLine.has('help') || (name === undefined && args.length === 0)) {
      print(generalHelp(await allCommands()));
    } else {
      throw name === undefined ? new UsageError('a command is missing') : unknownCommand(name);
    }
  } catch (error) {
    const { reportError } = await import('./framework/error-report.js');
    const json = asksForJson(args, [], 'anywhere');
    reportError(error, { command: 'ns', failureCode: GENERAL_FAILURE, json });
  }
}

/** Ends the program when its output cannot be written: without a message if the reader is gone. */
async function endWithoutOutput(error: NodeJS.ErrnoException, command?: Command): Promise<void> {
  if (error.code !== 'EPIPE') {
    const { reportError } = await import('./framework/error-report.js');
    const name = command === undefined ? 'ns' : `ns ${command.name}`;
    reportError(error, { command: name, failureCode: command?.failureCode ?? GENERAL_FAILURE });
  }
  process.exit();
}

/**
 * Runs the `ns` command: reads its arguments, does their work, and sets the exit code of this process,
 * or dies of the signal that ended the command it ran.
 *
 * @param args the words after `ns`
 */
export async function main(args: readonly string[]): Promise<void> {
  const [name = '', ...rest] = args;
  const command = await loadCommand(name);
  process.stdout.on('error', (error) => void endWithoutOutput(error, command));
  process.stderr.on('error', () => {}); // without a reader, the exit code has to do
  if (command) await runCommand(command, rest);
  else await runGeneral(args);
}
