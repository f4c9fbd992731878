// Waits in an IPC namespace that leave the event loop free. System V objects cannot be polled, and a
// waiting thread of libuv's pool would be lost to other work and is in the wrong namespace. So a child
// waits, which can be ended at any time.
import { type Duration, isSystemError, Namespace, SystemError } from '@ns/core';
import {
  type Call,
  callEnd,
  type Members,
  type NamespaceTarget,
  Program,
  type ProgramResults,
  parse,
  runProgram,
  throwIfAborted,
} from '@ns/core/authors';

/** Options of functions that wait. */
export interface WaitOptions {
  /** Ends the wait with an AbortError. */
  signal?: AbortSignal | undefined;
  /** Time after which the wait ends with an error of code ETIMEDOUT. Default: no limit. */
  timeout?: Duration | undefined;
}

/** The parsers of {@link WaitOptions}. */
export const waitMembers = {
  signal: parse.abortSignal,
  timeout: parse.withDefault(parse.timeout, 0),
} satisfies Members<WaitOptions>;

export const parseWait = parse.options(waitMembers);

/** {@link WaitOptions} in normal form. */
interface Wait {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
}

const EIDRM = 43;

function timeoutError(milliseconds: number): Error {
  const error = new Error(`nothing happened within ${milliseconds} ms`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}

/**
 * Does work whose waits end together, counted from this call (SECURITY.md S5).
 *
 * @param work gets a signal whose reason is the error of the call
 */
export async function withEnd<Result>(
  { signal, timeout }: Wait,
  work: (end: AbortSignal | undefined) => Promise<Result>,
): Promise<Result> {
  throwIfAborted(signal);
  const end = callEnd(signal, timeout, timeoutError);
  try {
    return await work(end.signal);
  } finally {
    end.close();
  }
}

/**
 * Waits until `done` is called or the call ends.
 *
 * @param start begins the wait and returns a function that stops it
 */
export function waitUntil(
  start: (done: () => void) => () => void,
  end: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (end?.aborted) {
      reject(end.reason);
      return;
    }
    const settle = (act: () => void) => {
      end?.removeEventListener('abort', onEnd);
      stop();
      act();
    };
    const onEnd = () => settle(() => reject(end?.reason));
    end?.addEventListener('abort', onEnd, { once: true });
    const stop = start(() => settle(resolve));
  });
}

/** Returns the handles that a child joins to be in the namespace, and those to close afterwards. */
function joinsFor(target: NamespaceTarget | undefined): {
  joins: Namespace[];
  opened: Namespace[];
} {
  const opened: Namespace[] = [];
  const own = (namespace: Namespace) => {
    opened.push(namespace);
    return namespace;
  };
  try {
    const handle =
      target === undefined
        ? own(Namespace.current('ipc'))
        : typeof target === 'number'
          ? own(Namespace.of(target, 'ipc'))
          : target;
    // A child is in the namespace of the process, which this thread may have left.
    if (handle.equals(own(Namespace.of('self', 'ipc')))) return { joins: [], opened };
    const owner = handle.owner();
    if (!owner) return { joins: [handle], opened };
    const isCallers = own(owner).equals(own(Namespace.current('user')));
    return { joins: isCallers ? [handle] : [owner, handle], opened };
  } catch (error) {
    for (const namespace of opened) namespace.close();
    throw error;
  }
}

/**
 * Makes one call that waits, in a child, and returns its results.
 *
 * @param build adds the call
 */
export async function waitInChild(
  target: NamespaceTarget | undefined,
  build: (program: Program) => Call,
  end: AbortSignal | undefined,
): Promise<{ call: Call; results: ProgramResults }> {
  if (end?.aborted) throw end.reason;
  const program = new Program();
  program.meet(() => {}); // in memory of its own, so that no thread waits with the child
  const call = build(program);
  const { joins, opened } = joinsFor(target);
  try {
    const child = { namespaces: joins, ...(end && { signal: end }) };
    return { call, results: await runProgram(program, child) };
  } catch (error) {
    if (end?.aborted) throw end.reason;
    // The object existed when the caller tried without waiting, so it has been removed since. A call
    // that waits already fails with EIDRM, and so does one that comes too late.
    if (isSystemError(error, 'EINVAL') && error.syscall === call.name) {
      throw new SystemError(EIDRM, error.syscall, error.args, { step: 'waiting', cause: error });
    }
    throw error;
  } finally {
    for (const namespace of opened) namespace.close();
  }
}
