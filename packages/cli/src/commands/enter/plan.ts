// Plans the child of `ns enter`.
import type { Namespace, SpawnOptions } from '@ns/core';
import { assertOwners, OpenProcess, type Preparation } from '@ns/core/authors';
import { addCapabilities, addRunAs } from '@ns/user';
import { commandToRun } from '../../arguments/command-to-run.js';
import { namedTypes } from '../../arguments/namespace-types.js';
import type { CommandLine } from '../../framework/command-line.js';
import { UsageError } from '../../framework/usage-error.js';
import { type Credentials, credentialsIn } from './credentials.js';
import { openDirectories } from './directories.js';
import { cgroupToJoin, prepareContext } from './follow-target.js';
import { openNamespaces, useUserParent } from './open-namespaces.js';

function openTarget(commandLine: CommandLine): OpenProcess | undefined {
  const pid = commandLine.number('target');
  if (pid === undefined) return undefined;
  if (pid === 0) throw new UsageError('--target must be a process id, got 0');
  return OpenProcess.open(pid);
}

function environmentOf(target: OpenProcess): Record<string, string> {
  const text = target.read('environ');
  const pairs = text.split('\0').filter((entry) => entry.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** Adds the calls that keep the capabilities of a joined user namespace, whichever ids are taken. */
function keepCapabilities(child: Preparation, credentials: Credentials): void {
  if (Object.keys(credentials).length > 0) addRunAs(child, credentials);
  addCapabilities(child, { ambient: 'all' });
}

/** Returns working directory, environment and cgroup. */
function surroundings(commandLine: CommandLine, target: OpenProcess | undefined): SpawnOptions {
  const options: SpawnOptions = {};
  const cwd = commandLine.path('wdns');
  const cgroup = cgroupToJoin(commandLine, target);
  if (cwd !== undefined) options.cwd = cwd;
  if (commandLine.has('env')) {
    if (target === undefined) throw new UsageError('--env needs --target PID');
    options.env = environmentOf(target);
  }
  if (cgroup !== undefined) options.cgroup = cgroup;
  return options;
}

/** Throws for namespaces that cannot be joined as the options say. */
function assertJoinable(
  commandLine: CommandLine,
  target: OpenProcess | undefined,
  namespaces: readonly Namespace[],
): void {
  // With a user namespace of the target, mounts of another owner are not joined.
  const named = namedTypes(commandLine);
  const isWhole = commandLine.has('all') || commandLine.has('user') || named.length === 0;
  if (target && isWhole) assertOwners(namespaces);
  if (commandLine.has('no-fork') && namespaces.some(({ type }) => type === 'pid')) {
    throw new UsageError('--no-fork excludes a pid namespace: only a new process can be in it');
  }
}

/** Returns the arguments of spawn(). Their descriptors stay open until `close`. */
export function planEnter(commandLine: CommandLine) {
  using target = openTarget(commandLine);
  const { command, args, argv0 } = commandToRun(commandLine.operands);
  const namespaces: Namespace[] = [];
  const directories = openDirectories(commandLine, target);
  const close = () => {
    for (const handle of namespaces) handle.close();
    directories.close();
  };
  try {
    openNamespaces(commandLine, target, namespaces);
    if (commandLine.has('user-parent')) useUserParent(namespaces);
    assertJoinable(commandLine, target, namespaces);
    const takeContext = prepareContext(commandLine, target);
    const user = namespaces.find(({ type }) => type === 'user');
    const credentials = credentialsIn(commandLine, user, target);
    const keepsCapabilities = commandLine.has('keep-caps') && user !== undefined;
    const options: SpawnOptions = {
      namespaces,
      // Mounts that are named without a user namespace are joined for any owner, as by nsenter(1).
      trustMounts: user === undefined,
      ...surroundings(commandLine, target),
      ...(keepsCapabilities ? {} : credentials),
      prepare(child) {
        directories.prepare(child);
        takeContext(child);
        if (keepsCapabilities) keepCapabilities(child, credentials);
      },
    };
    if (argv0 !== undefined) options.argv0 = argv0;
    return { spawn: [command, args, options] as const, close };
  } catch (error) {
    close();
    throw error;
  }
}
