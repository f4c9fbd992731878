// Errors as the user of the command sees them: one line, with what helps.
import { isSystemError, type SystemError } from '@ns/core';
import { errnoMeaning } from '@ns/core/sys';
import { UsageError } from './options.js';
import { jsonText, printable } from './output.js';

/** Exit codes of the shell for a command that could not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** Whether the failed call was to run the command itself. */
function isExec(error: unknown): error is SystemError {
  return isSystemError(error) && error.syscall === 'execve';
}

/** The exit code that tells this error; `own` is for errors of `ns` itself. */
export function exitCodeOf(error: unknown, own: number): number {
  if (!isExec(error)) return own;
  return error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
}

/** The command that could not be run, and why, as a shell says it. */
function execLine({ code, errno, args }: SystemError) {
  const [path, argv] = args as [path: string, argv: readonly string[]];
  if (code === 'ENOENT' && !argv[0]?.includes('/')) return `${argv[0]}: command not found`;
  return `${path}: ${errnoMeaning(-errno)}`;
}

function textOf(error: unknown, command: string): string {
  // What the packages refuse is a wrong option here.
  const isUsage = [UsageError, TypeError, RangeError].some((kind) => error instanceof kind);
  if (isUsage) return `${(error as Error).message} (see: ${command} --help)`;
  if (isExec(error)) return execLine(error);
  const text = error instanceof Error ? error.message : String(error);
  const [first = '', ...hints] = text.split('\n').map((line) => line.trim());
  return hints.length === 0 ? first : `${first}. ${hints.join(' ')}`;
}

/** The error in one line. */
export function lineOf(error: unknown, command: string): string {
  return printable(textOf(error, command));
}

/** What is known of an error, of the kernel's, of Node.js's, or of a part of a sandbox. */
type Known = Partial<Pick<SystemError, 'code' | 'syscall' | 'step' | 'hint'>> & { part?: string };

/** The error for a program that reads JSON: its line, and what else is known. */
function jsonOf(error: unknown, command: string, exitCode: number): string {
  const { name, cause, part } = (error instanceof Error ? error : {}) as Error & Known;
  const { code, syscall, step, hint } = (isSystemError(cause) ? cause : (error ?? {})) as Known;
  const message = lineOf(error, command);
  return jsonText({ error: { message, name, part, code, syscall, step, hint, exitCode } });
}

/** How an error is told. */
export interface Reporting {
  /** The command whose error it is, as the user has written it. */
  readonly command: string;
  /** Exit code for errors of `ns` itself. */
  readonly own: number;
  /** As JSON, in a line. */
  readonly json?: boolean;
}

/** Tells the user of an error, and has this process exit accordingly. */
export function report(error: unknown, { command, own, json = false }: Reporting): void {
  process.exitCode = exitCodeOf(error, own);
  const line = json
    ? jsonOf(error, command, process.exitCode)
    : `${command}: ${lineOf(error, command)}`;
  process.stderr.on('error', () => {}); // nobody reads it: the exit code has to do
  process.stderr.write(`${line}\n`);
}
