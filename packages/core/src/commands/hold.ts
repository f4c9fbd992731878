// A child that does nothing but be there: what keeps a pid namespace usable, and any namespace
// while it is being set up.

import type { CheckedSpawn, ChildOptions } from '../child/child.js';
import { draft } from '../child/compose.js';
import { launch } from '../child/launch.js';
import type { SpawnOptions } from '../child/options.js';
import { checkSpawn } from '../child/parse.js';
import { explainDraft } from '../child/plan/plan.js';
import { assertKeys, ownOptions } from '../contract/arguments.js';
import { NamespaceProcess } from '../process/namespace-process.js';

const SIGKILL = 9;

const holdOptions = [
  ...['namespaces', 'cgroup', 'prepare', 'rlimits', 'noNewPrivileges', 'seccomp', 'signal'],
] as const satisfies readonly (keyof HoldOptions)[];

function checkHold(options: HoldOptions): CheckedSpawn {
  assertKeys(options, holdOptions, 'options');
  const own = ownOptions(options);
  const given = Object.fromEntries(holdOptions.map((name) => [name, own[name]]));
  const wanted = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  return checkSpawn('ns-init', [], { ...wanted, env: {}, killWithParent: true });
}

function held({ command: _command, ...rest }: CheckedSpawn): ChildOptions {
  // In a session of its own: who traces it in a container must not get at the caller's terminal.
  return { ...rest, hold: 'open', stdio: [], detached: true };
}

/** Options of {@link hold}: those of spawn that do not concern a command. */
export interface HoldOptions
  extends Pick<
    SpawnOptions,
    'namespaces' | 'cgroup' | 'prepare' | 'rlimits' | 'noNewPrivileges' | 'seccomp' | 'signal'
  > {}

/**
 * Makes a child in namespaces that runs no command: it keeps them, reaps what falls to it, and is
 * PID 1 if a pid namespace is made. It is killed at the latest with this process, however that ends.
 *
 * @returns the process; end it with `kill('SIGKILL')` or `await using`
 * @throws as spawn
 */
export async function hold(options: HoldOptions = {}): Promise<NamespaceProcess> {
  const checked = checkHold(options);
  const running = await launch(draft(held(checked)));
  return new NamespaceProcess(running, { ...checked, signal: undefined, killSignal: SIGKILL });
}

/** What {@link hold} would do, as explainSpawn shows it. */
export function explainHold(options: HoldOptions = {}): string {
  return explainDraft(draft(held(checkHold(options))));
}
