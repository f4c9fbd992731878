// Ends this process the way the command ended that it ran for.
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from './command.js';
import { signalNumber } from './signals.js';

/** Exits with the command's code, or dies of its signal, so that a shell sees either. */
export async function end(outcome: Outcome): Promise<void> {
  if ('exitCode' in outcome) {
    process.exitCode = outcome.exitCode;
    return;
  }
  const number = signalNumber(outcome.signal) as number;
  process.exitCode = 128 + number; // for signals that Node ignores: SIGPIPE
  process.kill(process.pid, number);
  await delay(10);
}
