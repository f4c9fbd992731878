// Finds the part of a sandbox that the kernel has refused: by data of the error, never by its text,
// which can hold any path (SECURITY.md S9).
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
import type { SandboxPart } from '../sandbox-error.js';
import { LimitError } from './limits.js';

/** Returns true if a failure is of the call that creates namespaces of several types. */
const isOfSeveral = (error: unknown): error is SystemError =>
  isSystemError(error) && error.part === 'namespaces';

/** Returns true if a namespace of a type, with a user namespace beside it, fails like this. */
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
 * Returns the part of a sandbox that a failure to create its first process belongs to; undefined for a
 * failure of the command.
 */
export async function refusedPart(
  error: unknown,
  types: readonly NamespaceType[],
): Promise<SandboxPart | undefined> {
  if (error instanceof LimitError) return 'limits';
  if (isOfSeveral(error)) {
    // One call creates them all, so each is tried by itself.
    for (const type of allNamespaceTypes) {
      if (types.includes(type) && (await isRefused(type, error))) return type;
    }
    return undefined;
  }
  if (!(error instanceof Error) || !Object.hasOwn(error, 'part')) return undefined;
  const { part } = error as { part?: ChildPart };
  return part === 'command' || part === 'namespaces' ? undefined : part;
}
