// The exit code of `ns`, for a command that ended and for an error.
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError, type SystemError } from '@ns/core';
import { signalNumber } from '@ns/core/authors';
import type { Outcome } from './command.js';

/** Exit codes of the shell for a command that could not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** True if the failed call was to run the command itself. */
export function isExecError(error: unknown): error is SystemError {
  return isSystemError(error) && error.syscall === 'execve';
}

/**
 * Returns the exit code of an error.
 *
 * @param failureCode exit code for errors of `ns` itself
 */
export function exitCodeOf(error: unknown, failureCode: number): number {
  if (!isExecError(error)) return failureCode;
  return error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
}

/** Sets the exit code, or dies of the signal that ended the command, so that a shell sees either. */
export async function endAs(outcome: Outcome): Promise<void> {
  if ('exitCode' in outcome) {
    process.exitCode = outcome.exitCode;
    return;
  }
  const number = signalNumber(outcome.signal);
  process.exitCode = 128 + number; // for signals that Node.js ignores: SIGPIPE
  process.kill(process.pid, number);
  await delay(10);
}
