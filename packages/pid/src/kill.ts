// Signals to all processes of a pid namespace.
import { type InOptions, isSystemError, Namespace, type SignalName, SystemError } from '@ns/core';
import { inNamespace, type NamespaceTarget, signalNumber } from '@ns/core/authors';
import { listIn, withNamespace } from './list-processes.js';
import { numberIn, pidFrom } from './numbers-in-namespace.js';
import { Pidfd } from './pidfd.js';
import type { ProcessExit } from './pidfd-exit.js';

const ESRCH = 3;

/** Opens a process only if it has this number in the namespace. */
function openMember(namespace: Namespace, pid: number, number: number): Pidfd | undefined {
  let pidfd: Pidfd;
  try {
    pidfd = Pidfd.open(pid);
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return undefined;
    throw error;
  }
  // Read with the descriptor open: if the number still is a member's, the descriptor is too.
  if (numberIn(namespace, pid)?.pid === number) return pidfd;
  pidfd.close();
  return undefined;
}

/** A pid namespace: a handle, the pid of a process in it, or 'self'. */
type Target = NonNullable<InOptions['in']>;

const parseNamespace = inNamespace('pid');

function assertForeign(namespace: Namespace, what: string): void {
  const own = Namespace.of('self', 'pid');
  try {
    if (namespace.equals(own)) {
      throw new TypeError(
        `namespace must not be the calling process's own: ${what} would hit this process`,
      );
    }
  } finally {
    own.close();
  }
}

/**
 * Sends a signal to every process in a pid namespace, and the namespaces further in, except its
 * init. Processes that are made meanwhile may be missed: to end a namespace use
 * {@link killNamespace}.
 *
 * @param namespace a handle or the pid of a process in it; not the caller's own
 * @returns the number of processes that the signal was sent to
 * @throws {SystemError} EPERM if one of them may not be signalled; the signal has been sent to the others
 * @see kill(2) `-1`
 */
export function signalAll(namespace: Target, signal: SignalName | number): number {
  const number = signalNumber(signal);
  return withNamespace(parseNamespace(namespace, 'namespace'), (handle) => {
    assertForeign(handle, 'a signal to all');
    const init = pidFrom(handle, 1)?.pid;
    let sent = 0;
    let refusal: unknown;
    for (const { pid } of listIn(handle, true)) {
      const inside = pid === init ? null : numberIn(handle, pid);
      const pidfd = inside === null ? undefined : openMember(handle, pid, inside.pid);
      try {
        if (pidfd?.signal(number)) sent++;
      } catch (error) {
        refusal ??= error;
      } finally {
        pidfd?.close();
      }
    }
    if (refusal !== undefined) throw refusal;
    return sent;
  });
}

function openInit(namespace: NamespaceTarget): Pidfd {
  return withNamespace(namespace, (handle) => {
    assertForeign(handle, 'ending it');
    const pid = pidFrom(handle, 1)?.pid;
    const init = pid === undefined ? undefined : openMember(handle, pid, 1);
    if (init === undefined)
      throw new SystemError(ESRCH, 'kill', [1, 'SIGKILL'], {
        hint: "The pid namespace has ended, or it is outside of the caller's own.",
      });
    return init;
  });
}

/**
 * Ends a pid namespace: kills its init, and the kernel then kills all processes in the namespace and
 * in those further in. Resolves when all of them have ended.
 *
 * @param namespace a handle or the pid of a process in it; not the caller's own
 * @returns the exit of its init
 * @throws {SystemError} ESRCH if it has ended, EPERM if its init may not be signalled
 * @see pid_namespaces(7)
 */
export async function killNamespace(namespace: Target): Promise<ProcessExit> {
  const init = openInit(parseNamespace(namespace, 'namespace'));
  try {
    init.signal('SIGKILL');
    return await init.exited;
  } finally {
    init.close();
  }
}
