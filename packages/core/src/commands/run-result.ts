// What run and runSync give, and how they fail.

import { type Cut, cuts } from '../child/stop-reason.js';
import { isErrorOf, nameErrorClass } from '../sys/error-class.js';
import type { Exit, ResourceUsage } from '../sys/wait.js';
import type { CheckedRun } from './parse-run.js';

/** A command that has ended. */
export interface RunResult<Output = string> {
  /** What it wrote to standard output. */
  readonly stdout: Output;
  /** What it wrote to standard error. */
  readonly stderr: Output;
  /** Exit code; null if a signal ended it, or if it could not be ended. */
  readonly exitCode: number | null;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from the call to the end. */
  readonly durationMs: number;
  /** What it used. */
  readonly resourceUsage: ResourceUsage;
  /** `'ERR_CHILD_PROCESS_STDIO_MAXBUFFER'`, `'ETIMEDOUT'` or `'ABORT_ERR'` if that has ended it. */
  readonly code?: string;
}

/** A command that ran and failed: a code other than 0, a signal, a limit. Carries its result. */
export class RunError<Output = string> extends Error implements RunResult<Output> {
  readonly command: string;
  readonly args: readonly string[];
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
  readonly resourceUsage: ResourceUsage;
  readonly code?: string;

  constructor(command: string, args: readonly string[], result: RunResult<Output>, cause?: Cut) {
    const how = ended(result);
    super(`${command} ${how}${cause ? `: ${cause.message}` : ''}${lastWords(result.stderr)}`);
    this.command = command;
    this.args = args;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
    this.exitCode = result.exitCode;
    this.signal = result.signal;
    this.durationMs = result.durationMs;
    this.resourceUsage = result.resourceUsage;
    if (result.code !== undefined) this.code = result.code;
    if (cause === cuts.abort) this.name = 'AbortError';
  }
}

nameErrorClass(RunError, 'RunError');

/** Whether a value is a {@link RunError}, also one of another copy of this package. */
export function isRunError(value: unknown): value is RunError {
  return isErrorOf(value, 'RunError');
}

function ended({ signal, exitCode, code }: RunResult<unknown>): string {
  if (signal !== null) return `was ended by ${signal}`;
  if (exitCode !== null) return `exited with code ${exitCode}`;
  return code === undefined
    ? 'has ended, but is kept by a process that traces it'
    : 'could not be ended';
}

const LAST_WORDS = 500;

function lastWords(stderr: unknown): string {
  const text = typeof stderr === 'string' ? stderr.trimEnd() : '';
  return text === '' ? '' : `\n${text.length > LAST_WORDS ? `…${text.slice(-LAST_WORDS)}` : text}`;
}

/** Time since a moment of `process.hrtime.bigint()`. */
export function millisecondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** Result or error of a run that has ended. */
export function conclude(
  options: CheckedRun,
  started: bigint,
  exit: Exit,
  output: readonly Buffer[],
  cut: Cut | undefined,
): RunResult<string | Buffer> {
  const { command, encoding } = options;
  const decode = (bytes: Buffer | undefined) => {
    const content = bytes ?? Buffer.alloc(0);
    return encoding === 'buffer' ? content : content.toString(encoding);
  };
  const result: RunResult<string | Buffer> = {
    stdout: decode(output[0]),
    stderr: decode(output[1]),
    exitCode: exit.code,
    signal: exit.signal,
    durationMs: millisecondsSince(started),
    resourceUsage: exit.resourceUsage,
    ...(cut && { code: cut.code }),
  };
  const failed = cut !== undefined || exit.code !== 0;
  if (failed && options.reject) {
    throw new RunError(command.file, command.argv.slice(1), result, cut);
  }
  return result;
}
