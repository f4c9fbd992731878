// A terminal for tests: a command under a pseudo-terminal of Python, which shares no code with this
// project.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A step at the terminal. */
export type TerminalStep =
  | { readonly expect: string }
  | { readonly type: string }
  | { readonly rows: number; readonly columns: number };

const driver = fileURLToPath(new URL('fixtures/terminal.py', import.meta.url));

/**
 * Runs a command in a terminal to its end. `expect` is a regular expression of Python that is searched
 * behind the last match.
 *
 * @returns the output, and the exit code, or the negated signal
 */
export function inTerminal(
  command: readonly string[],
  steps: readonly TerminalStep[],
): { output: string; status: number } {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [driver], {
    input: JSON.stringify([command, steps]),
    encoding: 'utf8',
    env: { ...process.env, TERM: 'dumb' },
  });
  if (status !== 0) throw new Error(`the terminal failed: ${stderr}`);
  return JSON.parse(stdout);
}
