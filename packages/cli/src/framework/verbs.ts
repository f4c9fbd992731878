// Finds the action that a command line means: that of a command, or of one of its verbs.
import { parse } from '@ns/core/authors';
import type { Action, Command, CommandDescription, Verb, Verbs } from './command.js';
import type { OptionGroup } from './option-table.js';
import { UsageError } from './usage-error.js';

/** True if a command consists of verbs. */
export function hasVerbs(command: Command): command is CommandDescription & Verbs {
  return 'verbs' in command;
}

/** An action, and the words that are its options and operands. */
export interface ChosenAction {
  readonly action: Action;
  /** The verb, if one is named. */
  readonly verb?: string;
  readonly words: readonly string[];
}

/** Returns the action that these words after the name of a command mean. */
export function chooseAction(command: Command, args: readonly string[]): ChosenAction {
  if (!hasVerbs(command)) return { action: command, words: args };
  const { name, verbs, usual } = command;
  const [word = '', ...rest] = args;
  if (Object.hasOwn(verbs, word)) return { action: verbs[word] as Verb, verb: word, words: rest };
  if (word === '' || word.startsWith('-')) return { action: verbs[usual] as Verb, words: args };
  const known = Object.keys(verbs);
  const meant = parse.nearest(word, known);
  const help = meant === undefined ? `known: ${known.join(', ')}` : `did you mean ${meant}?`;
  throw new UsageError(`'ns ${name} ${word}' is not a command (${help})`);
}

/** Returns all groups of options of a command. Headings of the groups of verbs name the verb. */
export function optionGroups(command: Command): readonly OptionGroup[] {
  if (!hasVerbs(command)) return command.options;
  return Object.entries(command.verbs).flatMap(([name, { options }]) =>
    options.map((group) => ({ ...group, title: `Options of ${name}` })),
  );
}
