// Errors of a child that did not come to run its command.

import { errnoName } from '../sys/errno.js';
import { SystemError, type SystemErrorDetails } from '../sys/system-error.js';
import type { Exit } from '../sys/wait.js';
import { Call, ParentDescriptor, type ProgramArgument } from './call.js';
import type { Layout } from './layout.js';

const ENOENT = 2;
const EACCES = 13;
const ENOTDIR = 20;

function shown(argument: ProgramArgument, layout: Layout): unknown {
  if (argument instanceof ParentDescriptor) return argument.fd;
  return argument instanceof Call ? layout.resultOf(argument) : argument;
}

/** What the calls that were made because of a failure have found out about it. */
function explanation(failed: Call, layout: Layout, entries: readonly Call[]): string | undefined {
  for (const call of entries) {
    const { ifFailed, explains } = call.options;
    if (ifFailed !== failed || !explains) continue;
    const bytes = layout.bytesOf(
      call,
      call.args.findIndex((argument) => ArrayBuffer.isView(argument)),
    );
    const text = Buffer.from(bytes).toString('utf8', 0, Math.max(0, layout.resultOf(call)));
    const hint = text === '' ? undefined : explains(text);
    if (hint !== undefined) return hint;
  }
  return undefined;
}

/** The error of the call that ended the program; undefined if none did. */
export function programError(layout: Layout, entries: readonly Call[]): SystemError | undefined {
  const { failure } = layout;
  if (!failure) return undefined;
  const { entry, index, errno } = failure;
  const { step } = entry.options;
  const hint = explanation(entry, layout, entries) ?? entry.hintFor(errnoName(errno));
  const details: SystemErrorDetails = { step: step ? `the child, ${step}` : 'the child' };
  if (hint !== undefined) details.hint = hint;
  if (entry.part !== undefined) details.part = entry.part;
  const args = entry.args.map((argument) => shown(argument, layout));
  if (entry.name !== 'execve') return new SystemError(errno, entry.name, args, details);
  // As execvp(3): a command that was found but may not be run says more than "not found".
  const notFound = errno === ENOENT || errno === ENOTDIR;
  const refused = entries
    .slice(0, notFound ? index : 0)
    .some((other) => other.name === 'execve' && layout.resultOf(other) === -EACCES);
  return new SystemError(refused ? EACCES : errno, 'execve', args.slice(0, 2), details);
}

/** The error of a child that ended before its command ran. */
export function endedEarly(exit: Exit | undefined): Error {
  const how = exit?.signal ? `by ${exit.signal}` : `with code ${exit?.code ?? 'unknown'}`;
  return new Error(`the child was ended ${how} before it could run its command`);
}
