// The options of `ns run` about init and the signals that reach the command.
import type { PidOptions } from '@ns/pid';
import { parseSignal } from '../../arguments/signals.js';
import type { CommandLine } from '../../framework/command-line.js';
import type { OptionTable } from '../../framework/option-table.js';
import { UsageError } from '../../framework/usage-error.js';

const SIGKILL = 9;
const SIGSTOP = 19;

/** The options. */
export const signalOptions: OptionTable = {
  'forward-signals': {
    value: 'LIST',
    optional: true,
    help: 'signals to pass on to the command: names with commas, none, or all (default)',
  },
  init: { help: 'run the command below a small init, also without a pid namespace' },
  'no-init': { help: 'run the command itself as PID 1 of a new pid namespace' },
};

/** Returns the numbers of the signals to pass on; undefined for all. */
export function forwardedSignals(commandLine: CommandLine): readonly number[] | undefined {
  const text = commandLine.value('forward-signals') ?? 'all';
  if (text === 'all') return undefined;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const number = parseSignal(name, 'forward-signals');
    if (number !== SIGKILL && number !== SIGSTOP) return number;
    const shown = number === SIGKILL ? 'SIGKILL' : 'SIGSTOP';
    throw new UsageError(`--forward-signals: ${shown} cannot be forwarded`);
  });
}

/** Returns the options of a new pid namespace about its init. */
export function initOptions(commandLine: CommandLine): PidOptions {
  if (commandLine.has('init') && commandLine.has('no-init')) {
    throw new UsageError('--init and --no-init exclude each other');
  }
  if (commandLine.has('no-init')) return { init: 'none' };
  const signals = forwardedSignals(commandLine);
  return signals === undefined ? {} : { forwardSignals: signals };
}
