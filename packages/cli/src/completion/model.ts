// What the completions of all shells are made of: the commands with their options, as plain data.
import type { Command } from '../command.js';
import { commonOptions, type OptionDescription } from '../options.js';

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
  return commands.map(({ name, summary, options, verbs = [], usage }) => ({
    name,
    summary,
    options: [...options, commonOptions].flatMap((group) =>
      Object.entries(group.options).map(([long, option]) => ({ long, ...option })),
    ),
    verbs,
    runs: usage.includes('[command'),
  }));
}

/** Options that take the next word as their value. */
export function takesNext({ value, optional }: OptionDescription): boolean {
  return value !== undefined && !optional;
}
