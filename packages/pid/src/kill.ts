// Signals to all of a pid namespace.
import { isSystemError, Namespace, SystemError } from '@ns/core';
import { type NamespaceTarget, signalNumber } from '@ns/core/authors';
import type { ProcessExit } from './exit.js';
import { numberIn, pidFrom } from './numbering.js';
import { Pidfd } from './pidfd.js';
import { processes, withNamespace } from './processes.js';

const ESRCH = 3;

/** Opens a process only if it is the one that has this number in the namespace. */
function openMember(namespace: Namespace, pid: number, number: number): Pidfd | undefined {
  let pidfd: Pidfd;
  try {
    pidfd = Pidfd.open(pid);
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return undefined;
    throw error;
  }
  // Asked with the descriptor open: if it still is a member, it is the one that was opened.
  if (numberIn(namespace, pid)?.pid === number) return pidfd;
  pidfd.close();
  return undefined;
}

function assertForeign(namespace: Namespace, what: string): void {
  const own = Namespace.of('self', 'pid');
  try {
    if (namespace.equals(own)) {
      throw new TypeError(`namespace is the calling process's own: ${what} would hit this process`);
    }
  } finally {
    own.close();
  }
}

/**
 * Sends a signal to every process in a pid namespace, and the namespaces further in, except its
 * init. Processes that are made meanwhile may be missed: to end a namespace use
 * {@link killNamespace}, which misses none.
 *
 * @param namespace a handle, or the pid of a process in it; not the caller's own
 * @returns how many processes the signal was sent to
 * @throws {SystemError} EPERM if one of them may not be signalled; the others have been
 * @see kill(2) `-1`
 */
export function signalAll(namespace: NamespaceTarget, signal: NodeJS.Signals | number): number {
  const number = signalNumber(signal);
  return withNamespace(namespace, (handle) => {
    assertForeign(handle, 'a signal to all');
    const init = pidFrom(handle, 1)?.pid;
    let sent = 0;
    let refusal: unknown;
    for (const { pid } of processes({ in: handle, descendants: true })) {
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
        hint: 'The pid namespace has no init (any more), or is not below the own one.',
      });
    return init;
  });
}

/**
 * Ends a pid namespace: kills its init, and with it the kernel kills everything in the namespace and
 * in those further in. Resolves when nothing of it is left.
 *
 * @param namespace a handle, or the pid of a process in it; not the caller's own
 * @returns how its init ended
 * @throws {SystemError} ESRCH if it has ended, EPERM if its init may not be signalled
 * @see pid_namespaces(7)
 */
export async function killNamespace(namespace: NamespaceTarget): Promise<ProcessExit> {
  const init = openInit(namespace);
  try {
    init.signal('SIGKILL');
    return await init.exited;
  } finally {
    init.close();
  }
}
