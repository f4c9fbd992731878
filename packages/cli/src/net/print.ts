// What the verbs of `ns net` share: their words, and lines on standard output.
import type { Outcome } from '../command.js';
import { readOptions, UsageError } from '../options.js';

export const done: Outcome = { exitCode: 0 };

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export const json = { title: 'Options', options: { json: { short: 'J', help: 'as JSON' } } };

/** What a verb is followed by: `count` words, no more. */
export function words(rest: readonly string[], count: number, what: string): readonly string[] {
  const { operands } = readOptions(rest, []);
  if (operands.length < count) throw new UsageError(`${what} is missing`);
  if (operands.length > count) throw new UsageError(`unexpected '${operands[count]}'`);
  return operands;
}
