// Which action a command line means: that of a command, or of one of its verbs.
import type { Action, Command, CommandDescription, Verb, Verbs } from './command.js';
import { type OptionGroup, UsageError } from './options.js';

/** Whether a command consists of others. */
export function hasVerbs(command: Command): command is CommandDescription & Verbs {
  return 'verbs' in command;
}

/** What is to be done, and the words that it is to be done with. */
export interface Chosen {
  readonly action: Action;
  /** The verb, if one is named. */
  readonly verb?: string;
  readonly words: readonly string[];
}

/** The action that these words after the name of a command mean. */
export function choose(command: Command, args: readonly string[]): Chosen {
  if (!hasVerbs(command)) return { action: command, words: args };
  const { name, verbs, usual } = command;
  const [word = '', ...rest] = args;
  if (Object.hasOwn(verbs, word)) return { action: verbs[word] as Verb, verb: word, words: rest };
  if (word === '' || word.startsWith('-')) return { action: verbs[usual] as Verb, words: args };
  const known = Object.keys(verbs).join(', ');
  throw new UsageError(`there is no 'ns ${name} ${word}', only ${known}`);
}

/** All groups of options of a command, those of its verbs under headings that name these. */
export function optionGroups(command: Command): readonly OptionGroup[] {
  if (!hasVerbs(command)) return command.options;
  return Object.entries(command.verbs).flatMap(([name, { options }]) =>
    options.map((group) => ({ ...group, title: `Options of ${name}` })),
  );
}
