// The bundle of `ns run` and `ns enter`: starts the command and becomes its stand-in. It holds only
// what a command needs to be run.
import { type BecomeOptions, become } from '@ns/core';
import { hasLimits } from '../arguments/limits.js';
import { enterOptions } from '../commands/enter/options.js';
import { planEnter } from '../commands/enter/plan.js';
import { runOptions } from '../commands/run/options.js';
import { planRun } from '../commands/run/plan.js';
import { forwardedSignals } from '../commands/run/signal-options.js';
import type { CommandLine } from '../framework/command-line.js';
import { reportError } from '../framework/error-report.js';
import { commonOptions, type OptionGroup } from '../framework/option-table.js';
import { asksForJson, readCommandLine } from '../framework/read-command-line.js';

type BecomeArguments = readonly [command: string, args: readonly string[], options: BecomeOptions];

/** A command that runs another command. */
interface Launcher {
  readonly options: readonly OptionGroup[];
  /** True if more than running the command is to be done, or something after it. */
  needsMore(commandLine: CommandLine): boolean;
  plan(commandLine: CommandLine): BecomeArguments;
}

const run: Launcher = {
  options: runOptions,
  needsMore: hasLimits, // the group is removed afterwards
  plan(commandLine) {
    const [command, args, options] = planRun(commandLine);
    const forwardSignals = forwardedSignals(commandLine);
    return [command, args, forwardSignals === undefined ? options : { ...options, forwardSignals }];
  },
};

const enter: Launcher = {
  options: enterOptions,
  needsMore: () => false,
  plan: (commandLine) => planEnter(commandLine).spawn, // open descriptors end with this program
};

const launchers: Readonly<Record<string, Launcher>> = { run, enter };

/**
 * Runs the command that a command line of `ns` means and does not return, if there is nothing else to
 * do. Errors are reported.
 *
 * @param args the words after `ns`
 * @param otherwise does everything else
 * @param onLeave called when the command runs, before this program ends
 */
export async function launch(
  args: readonly string[],
  otherwise: () => Promise<void>,
  onLeave: () => void,
): Promise<void> {
  const [name = '', ...rest] = args;
  const launcher = Object.hasOwn(launchers, name) ? launchers[name] : undefined;
  if (launcher === undefined) return await otherwise();
  try {
    const commandLine = readCommandLine(rest, [...launcher.options, commonOptions]);
    const asks = ['help', 'version', 'explain'].some((option) => commandLine.has(option));
    if (asks || launcher.needsMore(commandLine)) return await otherwise();
    const [command, words, options] = launcher.plan(commandLine);
    await become(command, words, { ...options, title: ['ns', ...args], onLeave });
  } catch (error) {
    const json = asksForJson(rest, launcher.options);
    reportError(error, { command: `ns ${name}`, failureCode: 125, json });
  }
}
