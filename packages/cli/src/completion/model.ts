// What the completions of all shells are made of: the commands with their options, as plain data.
import type { Command } from '../command.js';
import { commonOptions, type OptionDescription } from '../options.js';
import { hasVerbs, optionGroups } from '../verbs.js';

/** An option, as completions need it. */
export interface CompletedOption extends OptionDescription {
  readonly long: string;
}

/** A command, as completions need it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly verbs: readonly string[];
  /** Whether another command follows, with its own words. */
  readonly runs: boolean;
}

/** The commands, with all that completes their words. */
export function completed(commands: readonly Command[]): CompletedCommand[] {
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

/** Options that take the next word as their value. */
export function takesNext({ value, optional }: OptionDescription): boolean {
  return value !== undefined && !optional;
}
