// Options about init and the signals that reach the command.
import type { PidOptions } from '@ns/pid';
import { type Given, type OptionTable, UsageError } from '../options.js';
import { signalOf } from '../signals.js';

const SIGKILL = 9;
const SIGSTOP = 19;

/** The options. */
export const signalOptions: OptionTable = {
  'forward-signals': {
    value: 'LIST',
    optional: true,
    help: 'signals passed on to the command: names with commas, none, or all (default)',
  },
  init: { help: 'a small init is the parent of the command, also without a pid namespace' },
  'no-init': { help: 'in a new pid namespace, the command itself is PID 1' },
};

/** Numbers of the signals to pass on; undefined for all. */
export function forwardedSignals(given: Given): readonly number[] | undefined {
  const text = given.value('forward-signals') ?? 'all';
  if (text === 'all') return undefined;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const number = signalOf(name, 'forward-signals');
    if (number !== SIGKILL && number !== SIGSTOP) return number;
    throw new UsageError(`--forward-signals: nobody can pass '${name}' on`);
  });
}

/** What the options say to the pid namespace. */
export function initChoice(given: Given): PidOptions {
  if (given.has('init') && given.has('no-init')) {
    throw new UsageError('--init and --no-init exclude each other');
  }
  if (given.has('no-init')) return { init: 'none' };
  const signals = forwardedSignals(given);
  return signals === undefined ? {} : { forwardSignals: signals };
}
