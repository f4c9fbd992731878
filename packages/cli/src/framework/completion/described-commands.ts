// The commands with their options, as plain data: the completions of all shells are made of it.
import type { Command } from '../command.js';
import { commonOptions, type OptionDescription } from '../option-table.js';
import { hasVerbs, optionGroups } from '../verbs.js';

/** An option, with its long name. */
export interface DescribedOption extends OptionDescription {
  readonly long: string;
}

/** A command, with all words that complete its command line. */
export interface DescribedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly DescribedOption[];
  readonly verbs: readonly string[];
  /** True if another command follows, with its own words. */
  readonly runs: boolean;
}

/** Returns the commands as plain data. */
export function describeCommands(commands: readonly Command[]): DescribedCommand[] {
  return commands.map((command) => {
    const { name, summary } = command;
    const options = [...optionGroups(command), commonOptions].flatMap((group) =>
      Object.entries(group.options).map(([long, option]) => ({ long, ...option })),
    );
    return hasVerbs(command)
      ? { name, summary, options, verbs: Object.keys(command.verbs), runs: false }
      : { name, summary, options, verbs: command.words ?? [], runs: command.runs === true };
  });
}

/** True for an option that takes the next word as its value. */
export function takesNext({ value, optional }: OptionDescription): boolean {
  return value !== undefined && !optional;
}
