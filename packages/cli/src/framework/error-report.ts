// Errors as the user of the command sees them: one line, with the cure.
import { isSystemError, type SystemError } from '@ns/core';
import { errnoMeaning } from '@ns/core/sys';
import { exitCodeOf, isExecError } from './exit-code.js';
import { jsonText, printable } from './output.js';
import { UsageError } from './usage-error.js';

/** Returns the command that could not be run, and the cause, in the words of a shell. */
function execLine({ code, errno, args }: SystemError): string {
  const [path, argv] = args as [path: string, argv: readonly string[]];
  if (code === 'ENOENT' && !argv[0]?.includes('/')) return `${argv[0]}: command not found`;
  return `${path}: ${errnoMeaning(-errno)}`;
}

function textOf(error: unknown, command: string): string {
  // An argument that the packages refuse is a wrong option here.
  const isUsage = [UsageError, TypeError, RangeError].some((kind) => error instanceof kind);
  if (isUsage) return `${(error as Error).message} (see: ${command} --help)`;
  if (isExecError(error)) return execLine(error);
  const text = error instanceof Error ? error.message : String(error);
  const [first = '', ...hints] = text.split('\n').map((line) => line.trim());
  return hints.length === 0 ? first : `${first}. ${hints.join(' ')}`;
}

/** Returns an error in one line. */
export function lineOf(error: unknown, command: string): string {
  return printable(textOf(error, command));
}

/** Data of an error of the kernel, of Node.js, or of a part of a sandbox. */
type ErrorData = Partial<Pick<SystemError, 'code' | 'syscall' | 'step' | 'hint'>> & {
  part?: string;
};

/** Returns an error for programs that read JSON: its line, and its data. */
function jsonOf(error: unknown, command: string, exitCode: number): string {
  const { name, cause, part } = (error instanceof Error ? error : {}) as Error & ErrorData;
  const { code, syscall, step, hint } = (isSystemError(cause) ? cause : (error ?? {})) as ErrorData;
  const message = lineOf(error, command);
  return jsonText({ error: { message, name, part, code, syscall, step, hint, exitCode } });
}

/** The form of a report. */
export interface ReportOptions {
  /** The command whose error it is, as the user has written it. */
  readonly command: string;
  /** Exit code for errors of `ns` itself. */
  readonly failureCode: number;
  /** JSON in one line. Default: text. */
  readonly json?: boolean;
}

/** Writes an error to standard error, and sets the exit code of this process. */
export function reportError(
  error: unknown,
  { command, failureCode, json = false }: ReportOptions,
): void {
  process.exitCode = exitCodeOf(error, failureCode);
  const line = json
    ? jsonOf(error, command, process.exitCode)
    : `${command}: ${lineOf(error, command)}`;
  process.stderr.on('error', () => {}); // without a reader, the exit code has to do
  process.stderr.write(`${line}\n`);
}
