// A command in a terminal of its own: input and size of the terminal of `ns` are passed on to it, but
// the command cannot reach the terminal of `ns`.
import type { NamespaceProcess } from '@ns/core';
import type { Outcome } from '../../framework/command.js';
import { waitForCommand } from '../../framework/wait-for-command.js';

/** True if stdin and stdout are terminals. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

const size = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });

/**
 * Starts a command in a terminal and waits for its end. The terminal of the command turns keys such as
 * Ctrl-C and Ctrl-Z into signals.
 */
export async function waitAtTerminal(
  start: (terminal: { columns: number; rows: number }) => Promise<NamespaceProcess>,
): Promise<Outcome> {
  const { stdin, stdout } = process;
  let closed: Promise<void> | undefined;
  let release = () => {};
  try {
    const outcome = await waitForCommand(async () => {
      const child = await start(size());
      const { terminal } = child;
      if (!terminal) throw new Error('the command has no terminal');
      closed = new Promise((resolve) => terminal.once('close', resolve));
      const resize = () => {
        if (!terminal.destroyed) terminal.resize(size());
      };
      const type = (chunk: Uint8Array) => {
        if (!terminal.destroyed) terminal.write(chunk);
      };
      terminal.on('error', () => {}); // the command has ended, and its exit code tells how
      stdout.on('resize', resize);
      if (stdin.isTTY) stdin.setRawMode(true);
      stdin.on('data', type);
      terminal.pipe(stdout, { end: false });
      release = () => {
        stdout.removeListener('resize', resize);
        stdin.removeListener('data', type);
        if (stdin.isTTY) stdin.setRawMode(false);
        stdin.pause();
      };
      return child;
    });
    await closed;
    return outcome;
  } finally {
    release();
  }
}
