// Starts the command of `ns run` or `ns enter` and becomes its stand-in: all that a command needs to
// be run, and nothing that can wait.
import { type BecomeOptions, become } from '@ns/core';
import { enterOptions, planEnter } from './enter/plan.js';
import { report } from './failure.js';
import { hasLimits } from './limit-options.js';
import {
  asksForJson,
  commonOptions,
  type Given,
  type OptionGroup,
  readOptions,
} from './options.js';
import { planRun, runOptions } from './run/plan.js';
import { forwardedSignals } from './run/signal-options.js';

type Words = readonly [command: string, args: readonly string[], options: BecomeOptions];

/** A command that runs another one. */
interface Launcher {
  readonly options: readonly OptionGroup[];
  /** Whether there is more to do than to run a command, or something to do after it. */
  needsMore(given: Given): boolean;
  wordsOf(given: Given): Words;
}

const run: Launcher = {
  options: runOptions,
  needsMore: hasLimits, // the group is removed afterwards
  wordsOf(given) {
    const [command, args, options] = planRun(given);
    const forwardSignals = forwardedSignals(given);
    return [command, args, forwardSignals === undefined ? options : { ...options, forwardSignals }];
  },
};

const enter: Launcher = {
  options: enterOptions,
  needsMore: () => false,
  wordsOf: (given) => planEnter(given).words, // what is open ends with this program
};

const launchers: Readonly<Record<string, Launcher>> = { run, enter };

/**
 * Runs the command that a command line of `ns` means, and does not come back, if that is all there
 * is to do. Errors are reported.
 *
 * @param args the words after `ns`
 * @param otherwise does all else
 * @param onLeave is called when the command runs, before this program ends
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
    const given = readOptions(rest, [...launcher.options, commonOptions]);
    const asks = ['help', 'version', 'explain'].some((option) => given.has(option));
    if (asks || launcher.needsMore(given)) return await otherwise();
    const [command, words, options] = launcher.wordsOf(given);
    await become(command, words, { ...options, title: ['ns', ...args], onLeave });
  } catch (error) {
    report(error, { command: `ns ${name}`, own: 125, json: asksForJson(rest, launcher.options) });
  }
}
