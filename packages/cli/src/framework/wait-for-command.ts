// Waits for a command as if `ns` were not between it and its user: signals and job control pass through.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { NamespaceProcess } from '@ns/core';
import type { Outcome } from './command.js';

/** Signals that are passed on to the command. */
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

/** Signals of job control. They stop `ns` itself, as they stop the command at the terminal. */
const stops: readonly NodeJS.Signals[] = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'];

/**
 * Returns the usual signals, and further ones by number. Node.js cannot handle real-time signals: they
 * are left out.
 */
function signalsToHandle(only: readonly number[]): Set<NodeJS.Signals> {
  const numbers = new Set(forwarded.map((signal) => constants.signals[signal]));
  const others = Object.entries(constants.signals).filter(
    // A number with two names is taken once.
    ([, number]) => only.includes(number) && numbers.size < numbers.add(number).size,
  );
  const named = others.map(([name]) => name as NodeJS.Signals);
  return new Set([...forwarded, ...named.filter((name) => !stops.includes(name))]);
}

/** Signals that the kernel sends to the whole foreground process group of a terminal. */
const terminalSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];

/** True if the process group of `ns` is in the foreground of its terminal. @see proc_pid_stat(5) */
function inForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}

/**
 * Starts a command and waits for its end. Signals that arrive meanwhile are passed on, except those
 * that the terminal has sent to the command as well: it is in the process group of `ns`, so that the
 * job control of a shell stops, continues and interrupts both together.
 *
 * @param only numbers of the signals to pass on; the others are ignored. Default: all signals except
 *   those of job control and of faults
 */
export async function waitForCommand(
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
  const signals = signalsToHandle(only ?? []);
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
