// Which part of a sandbox the kernel has refused.
import {
  allNamespaceTypes,
  isSystemError,
  type NamespaceSpec,
  type NamespaceType,
  Program,
  runProgram,
} from '@ns/core';
import { user } from '@ns/user';
import { LimitError } from './limits.js';

/** A part of a sandbox: a type of namespace, its root, its limits or its way outside. */
export type SandboxPart = NamespaceType | 'root' | 'limits' | 'network';

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

/** Whether a namespace of a type can be made here, with a user namespace beside it. */
async function canMake(type: NamespaceType): Promise<boolean> {
  const namespaces: NamespaceSpec[] = type === 'user' ? [user()] : [user(), { type }];
  try {
    await runProgram(new Program(), { namespaces });
    return true;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return false;
  }
}

const steps: readonly (readonly [RegExp, SandboxPart])[] = [
  [/\bids?\b|user namespace|capabilit|keyring/, 'user'],
  [/loopback/, 'net'],
  [/offset|clock/, 'time'],
  [/host ?name|domain ?name/, 'uts'],
  [/cgroup/, 'cgroup'],
  [/rlimit/, 'limits'],
];

/** The part that a failure to make the sandbox's first process belongs to. */
export async function refusedPart(
  error: unknown,
  types: readonly NamespaceType[],
): Promise<SandboxPart | undefined> {
  if (error instanceof LimitError) return 'limits';
  if (!isSystemError(error)) return undefined;
  if (error.syscall === 'unshare' || error.syscall === 'clone3') {
    // They are made by one call, so each is tried by itself.
    for (const type of allNamespaceTypes) {
      if (types.includes(type) && !(await canMake(type))) return type;
    }
  }
  if (error.syscall === 'sethostname') return 'uts';
  const step = error.step ?? '';
  return steps.find(([pattern]) => pattern.test(step))?.[1] ?? 'mount';
}
