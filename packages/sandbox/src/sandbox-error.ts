// The error of a sandbox that cannot be created.
import { isSystemError, type NamespaceType } from '@ns/core';
import { isErrorOf, nameErrorClass } from '@ns/core/authors';

/**
 * A part of a sandbox: a type of namespace, its root, its limits, its filter of system calls or its way
 * outside.
 */
export type SandboxPart = NamespaceType | 'root' | 'limits' | 'seccomp' | 'network';

const OTHER_USER =
  '\n  If root creates a sandbox, its commands have ids that may not go there: set the option `user`.';

/** A sandbox that cannot be created: `part` was refused, for the reason in `cause`. */
export class SandboxError extends Error {
  /** The part that was refused. */
  readonly part: SandboxPart;

  /** @internal */
  constructor(part: SandboxPart, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const isOtherUser = isSystemError(cause, 'EACCES') && process.geteuid?.() === 0;
    super(`cannot create the sandbox: ${part}: ${reason}${isOtherUser ? OTHER_USER : ''}`, {
      cause,
    });
    this.part = part;
  }
}

nameErrorClass(SandboxError, 'SandboxError');

/** Returns true for a {@link SandboxError}, also of another copy of this package. */
export function isSandboxError(value: unknown): value is SandboxError {
  return isErrorOf(value, 'SandboxError');
}
