// Which part of a sandbox the kernel has refused.
import {
  allNamespaceTypes,
  type ChildPart,
  isSystemError,
  type NamespaceSpec,
  type NamespaceType,
  type SystemError,
} from '@ns/core';
import { Program, runProgram } from '@ns/core/authors';
import { user } from '@ns/user';
import { LimitError } from './build/limits.js';

/**
 * A part of a sandbox: a type of namespace, its root, its limits, its filter of system calls or its way
 * outside.
 */
export type SandboxPart = NamespaceType | 'root' | 'limits' | 'seccomp' | 'network';

const STRANGERS =
  '\n  For root, commands are nobody by default, who may not go there: see the option user.';

const brand = Symbol.for('@ns/SandboxError');

/** A sandbox that could not be made: which part was refused, and why (`cause`). */
export class SandboxError extends Error {
  readonly part: SandboxPart;

  constructor(part: SandboxPart, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const foreign = isSystemError(cause, 'EACCES') && process.geteuid?.() === 0;
    super(`the sandbox cannot be made: ${part}: ${reason}${foreign ? STRANGERS : ''}`, { cause });
    this.part = part;
  }

  static {
    SandboxError.prototype.name = 'SandboxError';
    Object.defineProperty(SandboxError.prototype, brand, { value: true });
  }
}

/** Whether a value is a {@link SandboxError}, also one of another copy of this package. */
export function isSandboxError(value: unknown): value is SandboxError {
  return value instanceof Error && brand in value;
}

/** True if a failure is of the call that makes namespaces of several types. */
const isOfSeveral = (error: unknown): error is SystemError =>
  isSystemError(error) && error.part === 'namespaces';

/** Returns whether making a namespace of a type, with a user namespace beside it, fails like this. */
async function isRefused(type: NamespaceType, { code }: SystemError): Promise<boolean> {
  const namespaces: NamespaceSpec[] = type === 'user' ? [user()] : [user(), { type }];
  try {
    await runProgram(new Program(), { namespaces });
    return false;
  } catch (error) {
    // Another failure says nothing about the type.
    if (!isSystemError(error, code)) return false;
    return error.part === 'namespaces' || error.part === type;
  }
}

/**
 * Returns the part of a sandbox that a failure to make its first process belongs to; undefined if it
 * belongs to none, but to the command. By data alone: a text can hold any path. SECURITY.md S9.
 */
export async function refusedPart(
  error: unknown,
  types: readonly NamespaceType[],
): Promise<SandboxPart | undefined> {
  if (error instanceof LimitError) return 'limits';
  if (isOfSeveral(error)) {
    // One call makes them all, so each is tried by itself.
    for (const type of allNamespaceTypes) {
      if (types.includes(type) && (await isRefused(type, error))) return type;
    }
    return undefined;
  }
  const { part } = Object(error) as { part?: ChildPart };
  return part === 'command' || part === 'namespaces' ? undefined : part;
}
