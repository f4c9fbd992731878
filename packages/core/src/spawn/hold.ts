// A child that does nothing but be there: what keeps a pid namespace usable, and any namespace
// while it is being set up.
import type { Namespace } from '../namespaces/namespace.js';
import { closeFd } from '../sys/fd.js';
import { trySyscall } from '../sys/syscall.js';
import { reap } from '../sys/wait.js';
import { launchSync } from './launch.js';
import { checkProgramChild } from './options.js';
import { draft } from './plan.js';
import type { NamespaceSpec } from './spec.js';

const SIGKILL = 9;

/** A child that waits to be ended. */
export interface Held {
  readonly pid: number;
  readonly pidfd: number;
  /** Ends and reaps the child, and closes the pidfd. */
  end(): void;
}

/**
 * Makes a child in new or joined namespaces that waits until it is ended, at the latest with this
 * process. It reaps what falls to it: it may be the PID 1 of a namespace.
 */
export function holdChild(namespaces: readonly (NamespaceSpec | Namespace)[]): Held {
  const options = { ...checkProgramChild(namespaces), hold: true, parentDeathSignal: SIGKILL };
  const { pid, pidfd, report } = launchSync(draft(options));
  closeFd(report);
  const end = () => {
    trySyscall('pidfd_send_signal', pidfd, SIGKILL, null, 0);
    reap(pidfd);
    closeFd(pidfd);
  };
  return { pid, pidfd, end };
}
