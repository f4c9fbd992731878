// hold(): a child without a command, which keeps namespaces.

import type { Child, CommandChild } from '../child/child.js';
import { launch } from '../child/launch.js';
import type { SpawnOptions } from '../child/options.js';
import { commandChild, noSpawnOptions, spawnMembers } from '../child/parse.js';
import { planChild } from '../child/plan.js';
import { explainPlan } from '../child/program/child-program.js';
import { noEnvironment } from '../child/resolve-command.js';
import { throwIfAborted } from '../contract/abort.js';
import { type Members, options } from '../contract/options.js';
import { NamespaceProcess } from '../process/namespace-process.js';

const SIGKILL = 9;

const { namespaces, cgroup, prepare, rlimits, noNewPrivileges, seccomp, signal } = spawnMembers;

const parseOptions = options({
  ...{ namespaces, cgroup, prepare, rlimits, noNewPrivileges, seccomp, signal },
} satisfies Members<HoldOptions>);

/** Parses the options of hold. The command only names the process; {@link held} leaves it out. */
function parseHold(given: HoldOptions): CommandChild {
  const parsed = { ...noSpawnOptions, ...parseOptions(given) };
  return commandChild('ns-runner', [], { ...parsed, env: noEnvironment, killWithParent: true });
}

function held(child: CommandChild): Child {
  // A session of its own: a tracer in a container must not reach the caller's terminal.
  return { ...child, command: undefined, hold: 'open', stdio: [], detached: true };
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
  const child = parseHold(options);
  throwIfAborted(child.signal);
  const running = await launch(planChild(held(child)));
  return new NamespaceProcess(running, { ...child, signal: undefined, killSignal: SIGKILL });
}

/** Returns the system calls that {@link hold} would make, as explainSpawn does. */
export function explainHold(options: HoldOptions = {}): string {
  return explainPlan(planChild(held(parseHold(options))));
}
