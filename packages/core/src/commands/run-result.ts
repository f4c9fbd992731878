// The results and the errors of run and runSync.

import { type StopReason, stopReasons } from '../child/stop-reason.js';
import { isErrorOf, nameErrorClass } from '../sys/error-class.js';
import type { Exit, ResourceUsage } from '../sys/wait.js';
import type { Run } from './parse.js';

/** The output of a command in this encoding. */
export type OutputOf<Encoding> = Encoding extends 'buffer' ? Buffer : string;

/** A command that has ended. */
export interface RunResult<Output = string> {
  /** Standard output. */
  readonly stdout: Output;
  /** Standard error. */
  readonly stderr: Output;
  /** Exit code; null if a signal ended it, or if it could not be ended. */
  readonly exitCode: number | null;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from the call to the end. */
  readonly durationMs: number;
  /** Resources that it used. */
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
  /** True if `timeout` ended it. */
  readonly timedOut: boolean;
  /** True if `signal` ended it. The error's name is then AbortError, its cause the signal's reason. */
  readonly isCanceled: boolean;
  /** True if it wrote more than `maxBuffer`. */
  readonly isMaxBuffer: boolean;

  constructor(
    command: string,
    args: readonly string[],
    result: RunResult<Output>,
    reason?: StopReason,
  ) {
    const how = ended(result);
    super(
      `${command} ${how}${reason ? `: ${reason.message}` : ''}${lastWords(result.stderr)}`,
      reason && 'cause' in reason ? { cause: reason.cause } : undefined,
    );
    this.command = command;
    this.args = args;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
    this.exitCode = result.exitCode;
    this.signal = result.signal;
    this.durationMs = result.durationMs;
    this.resourceUsage = result.resourceUsage;
    if (result.code !== undefined) this.code = result.code;
    this.timedOut = reason?.code === stopReasons.timeout.code;
    this.isCanceled = reason?.code === stopReasons.abort.code;
    this.isMaxBuffer = reason?.code === stopReasons.maxBuffer.code;
    if (this.isCanceled) this.name = 'AbortError';
  }
}

nameErrorClass(RunError, 'RunError');

/** Returns true for a {@link RunError}, also from another copy of this package. */
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

/** Returns the time since a moment of `process.hrtime.bigint()`. */
export function millisecondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** Returns the result of a run that has ended, or throws its error. */
export function conclude(
  options: Run<unknown>,
  started: bigint,
  exit: Exit,
  output: readonly Buffer[],
  cut: StopReason | undefined,
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
