// The command to run, from the operands of a command line.
import { basename } from 'node:path';
import { loginShell } from './ids.js';

/** A command with its arguments. */
export interface CommandToRun {
  readonly command: string;
  readonly args: readonly string[];
  /** The name that the command sees as its own. */
  readonly argv0?: string;
}

/**
 * Returns the command that operands mean. Without operands it is the user's shell as a login shell, as
 * in unshare(1) and nsenter(1).
 */
export function commandToRun(operands: readonly string[]): CommandToRun {
  const [command, ...args] = operands;
  if (command !== undefined) return { command, args };
  const shell = process.env.SHELL || loginShell() || '/bin/sh';
  return { command: shell, args: [], argv0: `-${basename(shell)}` };
}
