// Stays with a command until it ends, so that it is for the user as if `ns` were not there.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { NamespaceProcess } from '@ns/core';
import type { Outcome } from './command.js';

/** Signals that the command gets when `ns` does. */
const forwarded = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGWINCH',
] as const satisfies readonly NodeJS.Signals[];

/** Those that the kernel sends to the whole foreground process group of a terminal. */
const terminalSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];

/** Whether our process group is in the foreground of our terminal. @see proc_pid_stat(5) */
function inForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}

/**
 * Starts a command and waits for its end. Signals that arrive meanwhile go to it, except for those
 * that it has got from the terminal already: it is in our process group, so that a shell's job
 * control stops, continues and interrupts both of us together.
 *
 * @param only numbers of the signals to pass on; the others are ignored. Default: all
 */
export async function attend(
  start: () => Promise<NamespaceProcess>,
  { only }: { only?: readonly number[] | undefined } = {},
): Promise<Outcome> {
  let child: NamespaceProcess | undefined;
  const early: NodeJS.Signals[] = [];
  const pass = (signal: NodeJS.Signals) => {
    if (only?.includes(constants.signals[signal]) === false) return;
    if (!child) early.push(signal);
    else if (!terminalSignals.includes(signal) || !inForeground()) child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, pass);
  try {
    child = await start();
    for (const signal of early) child.kill(signal);
    const { code, signal } = await child.exited;
    return signal === null ? { exitCode: code ?? 0 } : { signal };
  } finally {
    for (const signal of forwarded) process.removeListener(signal, pass);
  }
}
