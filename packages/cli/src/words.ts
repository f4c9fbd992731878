// The command to be run, from the words on the command line.
import { basename } from 'node:path';
import { loginShell } from './ids.js';

/** A command with its arguments. */
export interface Words {
  readonly command: string;
  readonly args: readonly string[];
  /** What the command sees as its own name. */
  readonly argv0?: string;
}

/** These words, or, as unshare(1) and nsenter(1) do, the user's shell as a login shell if there are none. */
export function wordsOf(operands: readonly string[]): Words {
  const [command, ...args] = operands;
  if (command !== undefined) return { command, args };
  const shell = process.env.SHELL || loginShell() || '/bin/sh';
  return { command: shell, args: [], argv0: `-${basename(shell)}` };
}
