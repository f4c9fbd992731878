// Plans the child of `ns run`.
import type { Cgroup } from '@ns/cgroup';
import type { SpawnOptions } from '@ns/core';
import type { Preparation } from '@ns/core/authors';
import { commandToRun } from '../../arguments/command-to-run.js';
import { parseSignal } from '../../arguments/signals.js';
import type { CommandLine } from '../../framework/command-line.js';
import { prepareBinfmt } from './binfmt.js';
import { idsOf, keepsCapabilities } from './credentials.js';
import { newNamespaces } from './new-namespaces.js';
import { preparePins } from './pin-namespaces.js';

/** Returns the working directory: of --wd and --chdir, the last one counts. */
function workingDirectory(commandLine: CommandLine): string | undefined {
  const name = commandLine.inOrder(['wd', 'chdir']).at(-1)?.[0];
  return name === undefined ? undefined : commandLine.path(name);
}

/** Returns the variables of the command; undefined for all variables of `ns`. */
function environmentOf(commandLine: CommandLine): NodeJS.ProcessEnv | undefined {
  if (!commandLine.has('clear-env') && !commandLine.has('whitelist-env')) return undefined;
  const names = commandLine.values('whitelist-env').flatMap((list) => list.split(','));
  const existing = names.filter((name) => Object.hasOwn(process.env, name));
  return Object.fromEntries(existing.map((name) => [name, process.env[name]]));
}

function spawnOptions(commandLine: CommandLine): SpawnOptions {
  const options: SpawnOptions = keepsCapabilities(commandLine) ? {} : { ...idsOf(commandLine) };
  const cwd = workingDirectory(commandLine);
  const env = environmentOf(commandLine);
  if (commandLine.has('kill-child')) {
    const signal = commandLine.value('kill-child') ?? 'KILL';
    options.parentDeathSignal = parseSignal(signal, 'kill-child');
  }
  if (cwd !== undefined) options.cwd = cwd;
  if (env !== undefined) options.env = env;
  if (commandLine.has('init')) options.init = true;
  return options;
}

/**
 * Returns the arguments of spawn().
 *
 * @param group the group to run in, and the root of a new cgroup namespace
 */
export function planRun(commandLine: CommandLine, group?: Cgroup) {
  const namespaces = newNamespaces(commandLine, group);
  const { command, args, argv0 } = commandToRun(commandLine.operands);
  const prepare = (child: Preparation) => {
    prepareBinfmt(commandLine, child);
    preparePins(commandLine, child);
  };
  const options: SpawnOptions = { ...spawnOptions(commandLine), namespaces, prepare };
  if (argv0 !== undefined) options.argv0 = argv0;
  if (!namespaces.some(({ type }) => type === 'cgroup') && group) options.cgroup = group.fd;
  return [command, args, options] as const;
}
