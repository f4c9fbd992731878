// Makes the calls of a program on the calling thread, with the meaning that they have in a child.
import { SystemError, type SystemErrorDetails } from '@ns/core';
import { Call, ParentDescriptor, type Program, type ProgramArgument } from '@ns/core/authors';
import {
  closeFd,
  errnoName,
  type SyscallArgument,
  type SyscallName,
  trySyscall,
} from '@ns/core/sys';
import { isAdmin } from './privileges.js';

// What these return is a descriptor. A child's are gone when it execs; here they are closed.
const openers: ReadonlySet<string> = new Set([
  'fsmount',
  'fsopen',
  'fspick',
  'memfd_create',
  'openat',
  'openat2',
  'open_tree',
]);

const EPERM = 1;
const EINTR = 4;
const EPROTO = 71;

/** What helps somebody without privileges. */
function hintFor(errno: number): string | undefined {
  if (errno !== EPERM || isAdmin()) return undefined;
  return 'Mounts need CAP_SYS_ADMIN. Without it, mount in the namespace of a child that has a user namespace of its own.';
}

class Run {
  readonly #program: Program;
  readonly #results = new Map<Call, number>();

  constructor(program: Program) {
    this.#program = program;
  }

  make(call: Call): void {
    if (this.#skipped(call)) return;
    const result = this.#result(call);
    const { tolerate, expect } = call.options;
    const failed = result < 0 && result > -4096;
    if (failed && tolerate?.includes(errnoName(-result))) return;
    if (!failed && (expect === undefined || result === expect)) return;
    throw this.#error(call, failed ? -result : EPROTO);
  }

  /** The descriptor that a call has opened, which is not closed then. */
  take(call: Call): number {
    const fd = this.#results.get(call) ?? -1;
    this.#results.delete(call);
    return fd;
  }

  /** Closes what the calls have opened. */
  close(): void {
    for (const [call, fd] of this.#results) if (openers.has(call.name) && fd >= 0) closeFd(fd);
  }

  #result(call: Call): number {
    const words = this.#words(call);
    let result: number;
    do {
      result =
        call.name === 'store' ? store(words) : trySyscall(call.name as SyscallName, ...words);
    } while (result === -EINTR);
    this.#results.set(call, result);
    if (call.name === 'close') this.#results.delete(call.args[0] as Call);
    return result;
  }

  #error(call: Call, errno: number): SystemError {
    const { step } = call.options;
    const hint = this.#explanation(call) ?? call.hintFor(errnoName(errno)) ?? hintFor(errno);
    const details: SystemErrorDetails = {};
    if (step !== undefined) details.step = step;
    if (hint !== undefined) details.hint = hint;
    return new SystemError(errno, call.name, this.#words(call), details);
  }

  /** What the calls say that are made to find out about a failure. */
  #explanation(failed: Call): string | undefined {
    for (const call of this.#program.entries) {
      const { ifFailed, explains } = call.options;
      if (ifFailed !== failed || !explains) continue;
      const bytes = call.args.find((argument) => ArrayBuffer.isView(argument)) as Uint8Array;
      const length = this.#result(call);
      const hint =
        length > 0 ? explains(Buffer.from(bytes).toString('utf8', 0, length)) : undefined;
      if (hint !== undefined) return hint;
    }
    return undefined;
  }

  #skipped({ options }: Call): boolean {
    const { ifFailed, ifSucceeded } = options;
    if (ifFailed) return (this.#results.get(ifFailed) ?? 0) >= 0;
    return ifSucceeded !== undefined && (this.#results.get(ifSucceeded) ?? 0) < 0;
  }

  #words({ args }: Call): SyscallArgument[] {
    return args.map((argument: ProgramArgument): SyscallArgument => {
      if (argument instanceof Call) return this.#results.get(argument) ?? 0;
      if (argument instanceof ParentDescriptor) return argument.fd;
      if (Array.isArray(argument)) throw new TypeError('a list of texts is for execve');
      return argument as Exclude<ProgramArgument, readonly string[] | ParentDescriptor | Call>;
    });
  }
}

function store([bytes, offset, value, size]: readonly SyscallArgument[]): number {
  const { buffer, byteOffset } = bytes as Uint8Array;
  const view = new DataView(buffer, byteOffset + Number(offset));
  if (size === 8) view.setBigInt64(0, BigInt(value as number), true);
  else view.setInt32(0, value as number, true);
  return 0;
}

/**
 * Makes all calls of a program, on the calling thread. Descriptors that it opens are closed at the
 * end, all but the result of `keep`, which is returned.
 */
export function performHere(program: Program, keep?: Call): number {
  const run = new Run(program);
  try {
    for (const call of program.entries) run.make(call);
    return keep ? run.take(keep) : -1;
  } finally {
    run.close();
  }
}
