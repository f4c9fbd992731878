// Errors for programs: --json.
import { isSystemError } from '@ns/core';
import { isSandboxError } from '@ns/sandbox';
import type { Outcome } from './command.js';
import { exitCodeOf, lineOf } from './failure.js';

/** What a program may want to know of an error. */
export function detailsOf(error: unknown): Record<string, unknown> {
  const cause = isSandboxError(error) ? error.cause : error;
  const system = isSystemError(cause)
    ? { code: cause.code, syscall: cause.syscall, step: cause.step, hint: cause.hint }
    : {};
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return {
    name: error instanceof Error ? error.name : 'Error',
    ...(isSandboxError(error) ? { part: error.part } : {}),
    ...(code === undefined ? {} : { code }),
    ...system,
  };
}

/**
 * Runs what has `--json`: an error is an object on standard error then, with the line that is shown
 * otherwise as its `message`.
 */
export async function withJsonErrors(
  command: string,
  failureCode: number,
  act: () => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await act();
  } catch (error) {
    const shown = { message: lineOf(error, command), ...detailsOf(error) };
    process.stderr.write(`${JSON.stringify({ error: shown })}\n`);
    return { exitCode: exitCodeOf(error, failureCode) };
  }
}
