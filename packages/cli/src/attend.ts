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
  'SIGIO',
  'SIGPWR',
  'SIGURG',
  'SIGVTALRM',
  'SIGWINCH',
  'SIGXCPU',
  'SIGXFSZ',
] as const satisfies readonly NodeJS.Signals[];

/** Those of job control stop `ns` itself, as they would the command at the terminal. */
const stops: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'];

/** The usual ones, and what else is named, as far as Node.js can handle it: no real-time signals. */
function watched(only: readonly number[]): Set<NodeJS.Signals> {
  const numbers = new Set(forwarded.map((signal) => constants.signals[signal]));
  const others = Object.entries(constants.signals).filter(
    // A number that has two names is taken once.
    ([, number]) => only.includes(number) && numbers.size < numbers.add(number).size,
  );
  const named = others.map(([name]) => name as NodeJS.Signals);
  return new Set([...forwarded, ...named.filter((name) => !stops.includes(name))]);
}

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
 * @param only numbers of the signals to pass on; the others are ignored. Default: the usual ones, all
 *   but those of job control and of a process's own faults
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
  const signals = watched(only ?? []);
  for (const signal of signals) process.on(signal, pass);
  try {
    child = await start();
    for (const signal of early) child.kill(signal);
    const { code, signal } = await child.exited;
    return signal === null ? { exitCode: code ?? 0 } : { signal };
  } finally {
    for (const signal of signals) process.removeListener(signal, pass);
  }
}
