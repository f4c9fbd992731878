// The one error class of failed system calls, and how a call is written in messages.

import type { ChildPart } from './child-part.js';
import { errnoMeaning, errnoName } from './errno.js';
import { isErrorOf, nameErrorClass } from './error-class.js';
import { formatCall } from './format-call.js';
import { hintFor } from './hints.js';

/** Details of a {@link SystemError} beyond the call itself. */
export interface SystemErrorDetails {
  /** In which step of a larger operation the call was made. */
  step?: string;
  /** The part of a child that the call belongs to. */
  part?: ChildPart;
  /** The cause and the cure, when the bare error number misleads. */
  hint?: string;
  /** An underlying error. */
  cause?: unknown;
}

/**
 * A system call that the kernel refused. The message names the call with its arguments, the step,
 * the error and, when the cause is a known wall, what helps.
 */
export class SystemError extends Error {
  /** Name of the error: `'EPERM'`. */
  readonly code: string;
  /** Negated error number, as in Node's own system errors: -1 for EPERM. */
  readonly errno: number;
  /** Name of the system call, as in its man page. */
  readonly syscall: string;
  /** Its arguments, for a human reader. */
  readonly args: readonly unknown[];
  /** In which step of a larger operation the call was made. */
  readonly step?: string;
  /** The part of a child that the call belongs to. Decide by it: the texts are for readers. */
  readonly part?: ChildPart;
  /** The cause and the cure, when the bare error number misleads. */
  readonly hint?: string;

  /**
   * @param errno the error number, positive or negative
   * @param syscall name of the system call
   * @param args its arguments
   */
  constructor(
    errno: number,
    syscall: string,
    args: readonly unknown[] = [],
    details: SystemErrorDetails = {},
  ) {
    const number = Math.abs(errno);
    const code = errnoName(number);
    const hint = details.hint ?? hintFor(code, syscall, args);
    const where = details.step === undefined ? '' : ` in ${details.step}`;
    const cure = hint === undefined ? '' : `\n  ${hint}`;
    super(
      `${formatCall(syscall, args)} failed${where}: ${code} (${errnoMeaning(number)})${cure}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.errno = -number;
    this.syscall = syscall;
    this.args = args;
    if (details.step !== undefined) this.step = details.step;
    if (details.part !== undefined) this.part = details.part;
    if (hint !== undefined) this.hint = hint;
  }
}

nameErrorClass(SystemError, 'SystemError');

/**
 * Returns true for a {@link SystemError}, also from another copy of this package, and
 * optionally one with this code.
 *
 * @example isSystemError(error, 'EPERM')
 */
export function isSystemError(value: unknown, code?: string): value is SystemError {
  return (
    isErrorOf(value, 'SystemError') && (code === undefined || (value as SystemError).code === code)
  );
}

/** Gives a SystemError that came from another thread, as a bare Error, its class back. */
export function reviveSystemError(value: unknown): unknown {
  if (!(value instanceof Error) || isErrorOf(value, 'SystemError')) return value;
  if (value.name === 'SystemError' && 'syscall' in value && 'errno' in value) {
    Object.setPrototypeOf(value, SystemError.prototype);
  }
  return value;
}
