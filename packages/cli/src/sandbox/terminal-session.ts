// A command that has a terminal of its own, connected with ours: what is typed here reaches it, with
// its size and its keys, but nothing leads from it to our terminal.
import type { NamespaceProcess } from '@ns/core';
import { attend } from '../attend.js';
import type { Outcome } from '../command.js';

/** Whether a person sits at both ends. */
export const isInteractive = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

const size = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });

/**
 * Starts a command in a terminal and stays with it until it ends. Keys such as Ctrl-C and Ctrl-Z are
 * the command's: its terminal makes signals of them.
 */
export async function attendTerminal(
  start: (terminal: { columns: number; rows: number }) => Promise<NamespaceProcess>,
): Promise<Outcome> {
  const { stdin, stdout } = process;
  let closed: Promise<void> | undefined;
  let release = () => {};
  try {
    const outcome = await attend(async () => {
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
      terminal.on('error', () => {}); // the command has gone, and its end says how
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
