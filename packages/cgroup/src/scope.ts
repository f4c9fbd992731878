// Scopes of systemd: where it owns the tree, a group is asked of it and not made behind its back.
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunError, isSystemError, run, SystemError } from '@ns/core';
import { ownOptions } from '@ns/core/authors';
import { Cgroup } from './cgroup.js';
import { directoryOfProcess } from './hierarchy.js';
import { processNumber } from './values.js';

const ENOENT = 2;
const ETIMEDOUT = 110;
const PATIENCE = 10_000;
const INTERVAL = 10;

/** Options of {@link cgroupInScope}. */
export interface ScopeOptions {
  /** Name of the unit, without `.scope`. Default: one of its own for each call. */
  name?: string;
  /** Which processes move into it; a scope is never empty. Default: the calling one. */
  pids?: readonly number[];
  /** For people who list units. */
  description?: string;
  /** The slice that it is put in: `batch.slice`. Default: systemd's choice. */
  slice?: string;
  /**
   * Whom to ask: the user's own manager, or that of the system. Default: the user's, and the
   * system's for root.
   */
  manager?: 'user' | 'system';
}

let made = 0;

/** Whether systemd is the init of this machine, and so owns the tree. @see sd_booted(3) */
export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

function assertUnit(option: string, name: string): void {
  if (typeof name !== 'string' || !/^[\w:.\\@-]{1,200}$/.test(name)) {
    throw new TypeError(`${option} must be the name of a unit: ${String(name)}`);
  }
}

/** The words for busctl(1) that ask for a scope. */
export function scopeRequest(given: ScopeOptions = {}): { unit: string; words: string[] } {
  const options = ownOptions(given);
  const { pids = [process.pid], description, slice } = options;
  const { name = `ns-${process.pid}-${++made}` } = options;
  const { manager = process.getuid?.() === 0 ? 'system' : 'user' } = options;
  assertUnit('name', name);
  if (slice !== undefined) assertUnit('slice', slice);
  if (manager !== 'user' && manager !== 'system') {
    throw new TypeError(`manager must be user or system: ${String(manager)}`);
  }
  if (pids.length === 0) throw new RangeError('pids must not be empty');
  const numbers = pids.map((pid, i) => processNumber(`pids[${i}]`, pid));
  const properties = [
    ...(description === undefined ? [] : [['Description', 's', description]]),
    ...(slice === undefined ? [] : [['Slice', 's', slice]]),
    ['Delegate', 'b', 'true'],
    ['CollectMode', 's', 'inactive-or-failed'],
    ['PIDs', 'au', String(numbers.length), ...numbers],
  ];
  const unit = `${name}.scope`;
  const call = [
    ...['call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1'],
    ...['org.freedesktop.systemd1.Manager', 'StartTransientUnit', 'ssa(sv)a(sa(sv))'],
  ];
  const words = [unit, 'fail', String(properties.length), ...properties.flat(), '0'];
  return { unit, words: [`--${manager}`, '--quiet', ...call, '--', ...words] };
}

async function ask(unit: string, words: readonly string[]): Promise<void> {
  try {
    await run('busctl', words, { timeout: PATIENCE });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) {
      const hint =
        "systemd is asked by its own busctl(1), which is not here: Debian's package systemd.";
      throw new SystemError(ENOENT, 'execve', ['busctl'], { hint, cause: error });
    }
    if (!isRunError(error)) throw error;
    throw new Error(`systemd did not make ${unit}: ${error.code ?? error.stderr.trim()}`, {
      cause: error,
    });
  }
}

/** The call returns before the unit is started, and busctl cannot wait for the signal after it. */
async function arrived(unit: string, pid: number): Promise<string> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const directory = directoryOfProcess(pid);
    if (directory?.endsWith(`/${unit}`)) return directory;
    if (Date.now() > deadline) {
      const hint = `systemd has taken the request, but the process is not in the scope: systemctl status ${unit}`;
      throw new SystemError(ETIMEDOUT, 'StartTransientUnit', [unit], { hint });
    }
    await delay(INTERVAL);
  }
}

/**
 * Asks systemd for a scope: a group that is delegated to the caller, with these processes in it. It
 * ends with its last process.
 *
 * The kernel lets an unprivileged process start children only in groups that share a delegated
 * parent with its own, hence the default: the calling process moves in. To make groups with limits
 * in there name a `leaf` for it: `scope.create('job', { memory: { max: '1G' } }, { leaf: 'self' })`.
 *
 * Needs no privileges for the user's own manager.
 *
 * @throws {TypeError | RangeError} for a wrong option
 * @throws {SystemError} ENOENT where systemd does not run, or has no busctl; ETIMEDOUT
 * @throws {Error} with the words of systemd if it refuses, or if the user has no manager
 * @see systemd-run(1) `--scope -p Delegate=yes`, systemd.scope(5), https://systemd.io/CGROUP_DELEGATION
 */
export async function cgroupInScope(options: ScopeOptions = {}): Promise<Cgroup> {
  const { unit, words } = scopeRequest(options);
  if (!systemdRuns()) {
    throw new SystemError(ENOENT, 'open', ['/run/systemd/system'], {
      hint: 'systemd does not run here, so nobody gives scopes: make the group in one that the caller may write to, as cgroupForJob() does.',
    });
  }
  await ask(unit, words);
  const [first = process.pid] = ownOptions(options).pids ?? [];
  await arrived(unit, first);
  return Cgroup.of(first);
}
