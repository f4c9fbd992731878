// What a subcommand of `ns` is.
import type { Given, OptionGroup } from './options.js';

/** How `ns` ends: as the command did that it ran, or with a code of its own. */
export type Outcome = { readonly exitCode: number } | { readonly signal: NodeJS.Signals };

/** All went well. */
export const done: Outcome = { exitCode: 0 };

/** What is done for a command line. */
export interface Action {
  /** The words after its name: `[options] [--] [command [argument...]]`. */
  readonly usage: string;
  readonly options: readonly OptionGroup[];
  /** Whether the words after the options are another command, with options of its own. */
  readonly runs?: boolean;
  /** What its first word can be, if that is known: for completions. */
  readonly words?: readonly string[];
  /** @param commands loads all subcommands of `ns` */
  run(given: Given, commands: () => Promise<readonly Command[]>): Outcome | Promise<Outcome>;
}

/** A command of a command: `ns net add`. */
export interface Verb extends Action {
  /** What it does, in a line. */
  readonly summary: string;
}

/** What a command has that consists of others. */
export interface Verbs {
  readonly verbs: Readonly<Record<string, Verb>>;
  /** The one that is meant if none is named. */
  readonly usual: string;
}

/** What is told of a command. */
export interface CommandDescription {
  readonly name: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** Paragraphs of the help, after the options. */
  readonly notes: readonly string[];
  readonly examples: readonly string[];
  /** Exit code if it fails itself. */
  readonly failureCode: number;
}

/** A subcommand of `ns`. */
export type Command = CommandDescription & (Action | Verbs);
