// The spec of a new PID namespace.
import type { Duration, NamespaceSpec, SignalName } from '@ns/core';
import {
  type Members,
  MS,
  type Parser,
  type Preparation,
  parse,
  signalNumber,
} from '@ns/core/authors';

/** Options of {@link pid}. */
export interface PidOptions {
  /**
   * PID 1 of the namespace. `true`: a tiny init, with the command as its child. It reaps orphans,
   * forwards signals and ends as the command does. `'none'`: the command itself, which then ignores
   * signals that it does not handle, and has to reap orphans. Default: true.
   */
  init?: true | 'none' | undefined;
  /**
   * Mounts a new /proc, which shows the processes of the new namespace. `true` without a new mount
   * namespace is an error, because the mount would cover the host's /proc. Default: true if a mount
   * namespace is made beside it.
   */
  proc?: boolean | undefined;
  /**
   * The signals that init forwards to the command: all (`true`), none (`false`), or these. Signals of
   * a terminal reach the command in any case. Default: true.
   */
  forwardSignals?: boolean | readonly (SignalName | number)[] | undefined;
  /**
   * The time between SIGTERM and SIGKILL: for the command after a SIGTERM, and for the processes that
   * are left when the command ends. Default: 0: the command has no limit, and processes that are left
   * are killed at once.
   */
  grace?: Duration | undefined;
  /**
   * The signal that PID 1 gets when this process ends, however that happens; `true` for SIGKILL,
   * which ends the namespace. Default: false.
   */
  killWithParent?: boolean | SignalName | number | undefined;
  /**
   * The pid of PID 1 in the caller's own pid namespace; or several, in that and the namespaces around
   * it, from the inside out. Needs CAP_CHECKPOINT_RESTORE (Linux 5.9) or CAP_SYS_ADMIN in the
   * user namespaces that own them. Default: the kernel chooses.
   */
  setTid?: number | readonly number[] | undefined;
}

const signal: Parser<number> = (value, name) => signalNumber(value as SignalName, name);

const forwardedSignal: Parser<number> = (value, name) => {
  const number = signal(value, name);
  return number > 0 ? number : parse.outOfRange(name, 'a signal other than 0', value);
};

/** The signals to forward; undefined for all. */
const forwardSignals: Parser<readonly number[] | undefined> = (value, name) => {
  if (value === true) return undefined;
  if (value === false) return [];
  if (!Array.isArray(value)) parse.refuse(name, 'a boolean or an array of signals', value);
  return parse.list(forwardedSignal)(value, name);
};

/** The signal at the end of the parent; 0 for none. */
const parentSignal: Parser<number> = (value, name) => {
  if (typeof value === 'boolean') return value ? signalNumber('SIGKILL') : 0;
  return signal(value, name);
};

const tids: Parser<readonly number[]> = (value, name) =>
  Array.isArray(value) ? parse.list(parse.pid)(value, name) : [parse.pid(value, name)];

const parseMembers = parse.options({
  init: parse.withDefault(parse.oneOf(true, 'none'), true),
  proc: parse.boolean,
  forwardSignals,
  grace: parse.withDefault(parse.timeout, 0),
  killWithParent: parse.withDefault(parentSignal, 0),
  setTid: parse.withDefault(tids, []),
} satisfies Members<PidOptions>);

function parsePid(options: PidOptions) {
  const parsed = parseMembers(options, 'pid');
  if (parsed.init === 'none') {
    for (const name of ['forwardSignals', 'grace'] as const) {
      if (options[name] === undefined) continue;
      throw new TypeError(`pid.${name} needs an init, and cannot be combined with init: 'none'`);
    }
  }
  return parsed;
}

function mountProc(child: Preparation): void {
  const program = child.program('mounts');
  const step = 'mounting a new /proc';
  // A mount on a shared one would appear in every other mount namespace of its peer group.
  program.call('mount', null, '/proc', null, MS.PRIVATE, null, { tolerate: ['EINVAL'], step });
  program.call('mount', 'proc', '/proc', 'proc', MS.NOSUID | MS.NODEV | MS.NOEXEC, null, { step });
}

/**
 * Returns the spec of a new PID namespace: its processes are numbered from 1. When its PID 1 ends, the
 * kernel kills all others.
 *
 * Needs CAP_SYS_ADMIN, or `user()` beside it.
 *
 * @throws {TypeError | RangeError} for a wrong option; when the child is made, for `proc: true`
 *   without a new mount namespace
 * @see pid_namespaces(7), unshare(1) `--pid --fork --mount-proc --kill-child`
 * @example await run('ps', ['-ef'], { namespaces: [user({ map: 'root' }), mount(), pid()] });
 */
export function pid(options: PidOptions = {}): NamespaceSpec {
  const { init, proc, forwardSignals, grace, killWithParent, setTid } = parsePid(options);
  return {
    type: 'pid',
    prepare(child) {
      const alone = !child.creates.has('mount');
      if (proc === true && alone) {
        throw new TypeError(
          "pid.proc must not be true without a new mount namespace: the new /proc would cover the host's; add mount()",
        );
      }
      if (init === true) {
        child.useInit({ grace, ...(forwardSignals === undefined ? {} : { forwardSignals }) });
      }
      if (killWithParent !== 0) child.endWithParent(killWithParent);
      // In the new namespace itself the first pid is always 1.
      if (setTid.length > 0) child.chooseTids([1, ...setTid]);
      if (proc ?? !alone) mountProc(child);
    },
  };
}
