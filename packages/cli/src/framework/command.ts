// The parts of a command of `ns`.
import type { CommandLine } from './command-line.js';
import type { OptionGroup } from './option-table.js';

/** The end of `ns`: that of the command it ran, or an exit code of its own. */
export type Outcome = { readonly exitCode: number } | { readonly signal: NodeJS.Signals };

/** The outcome of success. */
export const done: Outcome = { exitCode: 0 };

/** The work of a command line. */
export interface Action {
  /** The words after its name: `[options] [--] [command [argument...]]`. */
  readonly usage: string;
  readonly options: readonly OptionGroup[];
  /** True if the words after the options are another command, with options of its own. */
  readonly runs?: boolean;
  /** Words that its first operand can be, if they are known: for completion. */
  readonly words?: readonly string[];
  /** @param commands loads all commands of `ns` */
  run(
    commandLine: CommandLine,
    commands: () => Promise<readonly Command[]>,
  ): Outcome | Promise<Outcome>;
}

/** A command of a command: `ns net add`. */
export interface Verb extends Action {
  /** Its effect, in one line. */
  readonly summary: string;
}

/** The verbs of a command. */
export interface Verbs {
  readonly verbs: Readonly<Record<string, Verb>>;
  /** The verb that is meant if none is named. */
  readonly usual: string;
}

/** Name, texts and exit code of a command. */
export interface CommandDescription {
  readonly name: string;
  /** Its effect, in one line. */
  readonly summary: string;
  /** Paragraphs of the help, after the options. */
  readonly notes: readonly string[];
  readonly examples: readonly string[];
  /** Exit code if it fails itself. */
  readonly failureCode: number;
}

/** A command of `ns`. */
export type Command = CommandDescription & (Action | Verbs);
