// pid(): a new PID namespace for a child.
import type { NamespaceSpec } from '@ns/core';
import { assertKeys, MS, ownOptions, type Preparation, signalNumber } from '@ns/core/authors';
import { assertPid } from './numbers.js';

/** Options of {@link pid}. */
export interface PidOptions {
  /**
   * Who is PID 1. `true`: a tiny init of ours, with the command as its child: it reaps orphans,
   * forwards signals and ends as the command does. `'none'`: the command itself, which then ignores
   * signals that it does not handle and has to reap what its descendants leave. Default: true.
   */
  init?: true | 'none';
  /**
   * Mount a new /proc, which shows the processes of the new namespace. That needs a new mount
   * namespace beside it: `true` without one is an error, because the mount would cover the /proc of
   * everybody else. Default: whether a mount namespace is made beside it.
   */
  proc?: boolean;
  /**
   * Which signals init passes on to the command: all that it gets, none, or these. Signals of a
   * terminal reach the command anyway. Default: true.
   */
  forwardSignals?: boolean | readonly (NodeJS.Signals | number)[];
  /**
   * Milliseconds that init leaves between SIGTERM and SIGKILL: to the command once it has been sent
   * a SIGTERM, and to the processes that are left when the command ends. Default: 0, which sets the
   * command no limit and kills what is left at once.
   */
  grace?: number;
  /**
   * The signal that PID 1 gets when this process ends, however that happens; `true` for SIGKILL,
   * which ends the namespace. Default: false.
   */
  killWithParent?: boolean | NodeJS.Signals | number;
  /**
   * The number of PID 1 in the caller's own pid namespace; or several, in that and the namespaces
   * around it, from the inside out. Needs CAP_CHECKPOINT_RESTORE (Linux 5.9) or CAP_SYS_ADMIN in the
   * user namespaces that own them. Default: the kernel chooses.
   */
  setTid?: number | readonly number[];
}

const GRACE_MAX = 0x7fff_ffff;

/** The options after the checks. */
interface Checked {
  readonly init: boolean;
  readonly proc: boolean | undefined;
  readonly forward: readonly number[] | undefined;
  readonly grace: number;
  readonly parentSignal: number;
  readonly tids: readonly number[];
}

function forwarded(value: unknown): readonly number[] | undefined {
  if (value === undefined || value === true) return undefined;
  if (value === false) return [];
  if (!Array.isArray(value)) {
    throw new TypeError(`forwardSignals must be a boolean or a list: ${String(value)}`);
  }
  return value.map((signal, i) => {
    const number = signalNumber(signal, `forwardSignals[${i}]`);
    if (number === 0) throw new RangeError(`forwardSignals[${i}] must be a signal, not 0`);
    return number;
  });
}

function parentSignal(value: PidOptions['killWithParent']): number {
  if (value === undefined || value === false) return 0;
  return signalNumber(value === true ? 'SIGKILL' : value, 'killWithParent');
}

const names = [
  ...['init', 'proc', 'forwardSignals', 'grace', 'killWithParent', 'setTid'],
] as const satisfies readonly (keyof PidOptions)[];

function check(given: PidOptions): Checked {
  assertKeys(given, names, 'pid');
  const options = ownOptions(given);
  const { init = true, proc, grace = 0, setTid } = options;
  if (init !== true && init !== 'none') {
    throw new TypeError(`init must be true or 'none': ${String(init)}`);
  }
  if (proc !== undefined && typeof proc !== 'boolean') {
    throw new TypeError(`proc must be a boolean: ${String(proc)}`);
  }
  if (typeof grace !== 'number') throw new TypeError(`grace must be a number: ${String(grace)}`);
  if (!Number.isInteger(grace) || grace < 0 || grace > GRACE_MAX) {
    throw new RangeError(`grace must be a whole number of milliseconds: ${grace}`);
  }
  for (const name of ['forwardSignals', 'grace'] as const) {
    if (init === 'none' && options[name] !== undefined) {
      throw new TypeError(`${name} is init's work: it cannot be combined with init: 'none'`);
    }
  }
  const tids = setTid === undefined ? [] : typeof setTid === 'number' ? [setTid] : setTid;
  if (!Array.isArray(tids)) throw new TypeError(`setTid must be a number or a list: ${setTid}`);
  tids.forEach((tid, i) => {
    assertPid(tid, `setTid[${i}]`);
  });
  return {
    init: init === true,
    proc,
    forward: forwarded(options.forwardSignals),
    grace,
    parentSignal: parentSignal(options.killWithParent),
    tids,
  };
}

function mountProc(child: Preparation): void {
  const program = child.program('mounts');
  const step = 'mounting a new /proc';
  // A mount on a shared one would appear in every other mount namespace of its peer group.
  program.call('mount', null, '/proc', null, MS.PRIVATE, null, { tolerate: ['EINVAL'], step });
  program.call('mount', 'proc', '/proc', 'proc', MS.NOSUID | MS.NODEV | MS.NOEXEC, null, { step });
}

/**
 * A new PID namespace for a child: processes of its own, numbered from 1. When its PID 1 ends,
 * everything in it is killed.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it.
 *
 * @throws {TypeError | RangeError} for a wrong option; when the child is made, for `proc: true`
 *   without a new mount namespace
 * @see pid_namespaces(7), unshare(1) `--pid --fork --mount-proc --kill-child`
 * @example await run('ps', ['-ef'], { namespaces: [user({ map: 'root' }), mount(), pid()] });
 */
export function pid(options: PidOptions = {}): NamespaceSpec {
  const { init, proc, forward, grace, parentSignal, tids } = check(options);
  return {
    type: 'pid',
    prepare(child) {
      const alone = !child.creates.has('mount');
      if (proc === true && alone) {
        throw new TypeError(
          'proc: true needs a new mount namespace (mount()) beside the pid namespace, or the new /proc would cover that of everybody else',
        );
      }
      if (init)
        child.useInit({ grace, ...(forward === undefined ? {} : { forwardSignals: forward }) });
      if (parentSignal !== 0) child.endWithParent(parentSignal);
      // In the new namespace itself the first number is always 1.
      if (tids.length > 0) child.chooseTids([1, ...tids]);
      if (proc ?? !alone) mountProc(child);
    },
  };
}
