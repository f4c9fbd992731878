// The end of a process one of whose threads could not come back from a namespace.
import { writeSync } from 'node:fs';
import { errnoMeaning, errnoName } from '../sys/errno.js';
import type { NamespaceType } from '../sys/namespace-types.js';
import { trySyscall } from '../sys/syscall.js';

const SIGABRT = 6;
const SIG_UNBLOCK = 1;
const STDERR = 2;

/**
 * Ends the process at once, as abort(3) does. The calling thread is in the wrong world: whatever it
 * did next, even running handlers of an exception, would happen in another's namespace.
 */
export function stop(type: NamespaceType, errno: number): never {
  try {
    writeSync(
      STDERR,
      `FATAL: a thread could not come back to its own ${type} namespace: ${errnoName(errno)} (${errnoMeaning(errno)}). Going on would act on a stranger's namespace.\n`,
    );
  } catch {
    // The message cannot be written; the process ends all the same.
  }
  // Not process.abort(), which Workers do not have, and no handler of Node's may come in between.
  const signals = new Uint8Array(8);
  trySyscall('rt_sigaction', SIGABRT, new Uint8Array(32), null, 8);
  signals[0] = 1 << (SIGABRT - 1);
  trySyscall('rt_sigprocmask', SIG_UNBLOCK, signals, null, 8);
  trySyscall('tgkill', trySyscall('getpid'), trySyscall('gettid'), SIGABRT);
  for (;;) trySyscall('exit_group', 128 + SIGABRT);
}
