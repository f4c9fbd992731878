// A child that waits: it keeps a pid namespace usable, and any namespace while it is being set up.
import { isNamespace, type Namespace } from '../namespaces/namespace.js';
import type { NamespaceSpec } from '../program/spec.js';
import { closeFd } from '../sys/fd.js';
import type { Child } from './child.js';
import { killAndReap } from './kill-and-reap.js';
import { launchSync, OWN_RUNNER } from './launch.js';
import { programChild } from './parse.js';
import { planChild } from './plan.js';

const SIGKILL = 9;

/** A child that waits to be ended. */
export interface HoldingChild {
  readonly pid: number;
  readonly pidfd: number;
  /** Ends and reaps the child, and closes the pidfd. */
  end(): unknown;
}

/**
 * Makes a child in new or joined namespaces that waits until it is ended, at the latest with this
 * process. It reaps what falls to it: it may be the PID 1 of a namespace. Nothing can be opened of it
 * from outside, so it may stay in a user namespace where no id is mapped.
 */
export function holdChild(namespaces: readonly (NamespaceSpec | Namespace)[]): HoldingChild {
  const specs = namespaces.filter((one) => !isNamespace(one));
  const handles = namespaces.filter((one) => isNamespace(one));
  const child: Child = {
    ...programChild({ specs, handles }),
    hold: 'closed',
    parentDeathSignal: SIGKILL,
  };
  const { pid, pidfd, report } = launchSync(planChild(child), OWN_RUNNER);
  closeFd(report);
  return { pid, pidfd, end: () => killAndReap(pidfd) };
}
