// Errors of programs: the call that failed, where it was made, and its likely cause.

import { errnoName } from '../sys/errno.js';
import { SystemError, type SystemErrorDetails } from '../sys/system-error.js';
import type { Exit } from '../sys/wait.js';
import { Call, ParentDescriptor, type ProgramArgument } from './call.js';

const ENOENT = 2;
const EACCES = 13;
const ENOTDIR = 20;

/** Results of a program that has ended, in a child or on a thread. */
export interface ProgramTrace {
  /** The call that ended the program; undefined if all calls were made. */
  readonly failure: { entry: Call; index: number; errno: number } | undefined;
  /** Returns the result of a call; a negative error number if it failed. */
  resultOf(call: Call): number;
  /** Returns the bytes of an argument, as the call left them. */
  bytesOf(call: Call, argument: number): Uint8Array;
}

function shown(argument: ProgramArgument, trace: ProgramTrace): unknown {
  if (argument instanceof ParentDescriptor) return argument.fd;
  return argument instanceof Call ? trace.resultOf(argument) : argument;
}

/** Returns the hint that a call has read which was made because of the failure. */
function explanation(
  failed: Call,
  trace: ProgramTrace,
  entries: readonly Call[],
): string | undefined {
  for (const call of entries) {
    const { ifFailed, explains } = call.options;
    if (ifFailed !== failed || !explains) continue;
    const bytes = trace.bytesOf(
      call,
      call.args.findIndex((argument) => ArrayBuffer.isView(argument)),
    );
    const text = Buffer.from(bytes).toString('utf8', 0, Math.max(0, trace.resultOf(call)));
    const hint = text === '' ? undefined : explains(text);
    if (hint !== undefined) return hint;
  }
  return undefined;
}

/**
 * Returns the error of the call that ended a program; undefined if none did.
 *
 * @param where the place of the calls, for the step of the error. Default: the calling thread
 */
export function programError(
  trace: ProgramTrace,
  entries: readonly Call[],
  where?: 'the child',
): SystemError | undefined {
  const { failure } = trace;
  if (!failure) return undefined;
  const { entry, index, errno } = failure;
  const details: SystemErrorDetails = {};
  const step = [where, entry.options.step].filter((text) => text !== undefined).join(', ');
  if (step !== '') details.step = step;
  const hint = explanation(entry, trace, entries) ?? entry.hintFor(errnoName(errno));
  if (hint !== undefined) details.hint = hint;
  if (entry.part !== undefined) details.part = entry.part;
  const args = entry.args.map((argument) => shown(argument, trace));
  if (entry.name !== 'execve') return new SystemError(errno, entry.name, args, details);
  // As execvp(3): a command that was found but may not be run says more than "not found".
  const notFound = errno === ENOENT || errno === ENOTDIR;
  const refused = entries
    .slice(0, notFound ? index : 0)
    .some((other) => other.name === 'execve' && trace.resultOf(other) === -EACCES);
  return new SystemError(refused ? EACCES : errno, 'execve', args.slice(0, 2), details);
}

/** Returns the error of a child that ended before its command ran. */
export function endedEarly(exit: Exit | undefined): Error {
  const how = exit?.signal ? `by ${exit.signal}` : `with code ${exit?.code ?? 'unknown'}`;
  return new Error(`the child was ended ${how} before it could run its command`);
}
