// The completion scripts of all shells.
import type { Command } from '../command.js';
import { bashCompletion } from './bash.js';
import { describeCommands } from './described-commands.js';
import { fishCompletion } from './fish.js';
import { zshCompletion } from './zsh.js';

/** Functions that return the script which completes the command line of `ns`, by shell. */
export const shells = {
  bash: (commands: readonly Command[]) => bashCompletion(describeCommands(commands)),
  zsh: (commands: readonly Command[]) => zshCompletion(describeCommands(commands)),
  fish: (commands: readonly Command[]) => fishCompletion(describeCommands(commands)),
} as const;

/** A shell with completion. */
export type Shell = keyof typeof shells;
