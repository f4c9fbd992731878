// Scopes of systemd: where it owns the tree, groups are requested from it.
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isRunError, isSystemError, run, SystemError } from '@ns/core';
import { type Members, type Parser, parse } from '@ns/core/authors';
import { Cgroup } from './cgroup.js';
import { directoryOfProcess } from './hierarchy.js';

const ENOENT = 2;
const ETIMEDOUT = 110;
const TIME_LIMIT = 10_000;
const INTERVAL = 10;

/** Options of {@link openScope}. */
export interface ScopeOptions {
  /** Name of the unit, without `.scope`. Default: a new one for each call. */
  name?: string | undefined;
  /** The processes that move into it; a scope is never empty. Default: the calling one. */
  pids?: readonly number[] | undefined;
  /** The description in lists of units. */
  description?: string | undefined;
  /** The slice that it is put in: `batch.slice`. Default: systemd's choice. */
  slice?: string | undefined;
  /**
   * The manager that gets the request: the user's own, or that of the system. Default: the user's, and
   * the system's for root.
   */
  manager?: 'user' | 'system' | undefined;
}

let made = 0;

/** Returns true if systemd is the init of this machine, and so owns the tree. @see sd_booted(3) */
export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

const unitName: Parser<string> = (value, name) =>
  typeof value === 'string' && /^[\w:.\\@-]{1,200}$/.test(value)
    ? value
    : parse.refuse(name, 'the name of a unit', value);

const pidList: Parser<readonly number[]> = (value, name) => {
  const pids = parse.list(parse.pid)(value, name);
  return pids.length > 0 ? pids : parse.outOfRange(name, 'at least one pid', value);
};

const parseScope = parse.options({
  name: unitName,
  pids: pidList,
  description: parse.text,
  slice: unitName,
  manager: parse.oneOf('user', 'system'),
} satisfies Members<ScopeOptions>);

/** Returns the arguments of busctl(1) that request a scope. */
export function scopeRequest(given: ScopeOptions = {}): {
  unit: string;
  words: string[];
  pids: readonly number[];
} {
  const options = parseScope(given);
  const { pids = [process.pid], description, slice } = options;
  const { name = `ns-${process.pid}-${++made}` } = options;
  const { manager = process.getuid?.() === 0 ? 'system' : 'user' } = options;
  const numbers = pids.map(String);
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
  return { unit, pids, words: [`--${manager}`, '--quiet', ...call, '--', ...words] };
}

async function ask(unit: string, words: readonly string[]): Promise<void> {
  try {
    await run('busctl', words, { timeout: TIME_LIMIT });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) {
      const hint =
        "The request needs busctl(1), which is missing: install Debian's package systemd.";
      throw new SystemError(ENOENT, 'execve', ['busctl'], { hint, cause: error });
    }
    if (!isRunError(error)) throw error;
    throw new Error(`cannot create ${unit} by systemd: ${error.code ?? error.stderr.trim()}`, {
      cause: error,
    });
  }
}

/** Waits for the start of the unit: the call returns before, and busctl cannot wait for its signal. */
async function arrived(unit: string, pid: number): Promise<string> {
  const deadline = Date.now() + TIME_LIMIT;
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
 * Requests a scope from systemd and opens it: a group that is delegated to the caller, with these
 * processes in it. It ends with its last process.
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
export async function openScope(options: ScopeOptions = {}): Promise<Cgroup> {
  const { unit, words, pids } = scopeRequest(options);
  if (!systemdRuns()) {
    throw new SystemError(ENOENT, 'open', ['/run/systemd/system'], {
      hint: 'systemd does not run here: create the group in one that the caller may write to, as createJobGroup() does.',
    });
  }
  await ask(unit, words);
  const [first = process.pid] = pids;
  await arrived(unit, first);
  return Cgroup.of(first);
}
