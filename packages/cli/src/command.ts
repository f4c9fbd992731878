// What a subcommand of `ns` is.
import type { Given, OptionGroup } from './options.js';

/** How `ns` ends: as the command did that it ran, or with a code of its own. */
export type Outcome = { readonly exitCode: number } | { readonly signal: NodeJS.Signals };

/** A subcommand of `ns`. */
export interface Command {
  readonly name: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** The words after its name: `[options] [--] [command [argument...]]`. */
  readonly usage: string;
  readonly options: readonly OptionGroup[];
  /** Commands of its own: what its first word can be. */
  readonly verbs?: readonly string[];
  /** Paragraphs of the help, after the options. */
  readonly notes: readonly string[];
  readonly examples: readonly string[];
  /** Exit code if it fails itself. */
  readonly failureCode: number;
  run(given: Given): Outcome | Promise<Outcome>;
}
