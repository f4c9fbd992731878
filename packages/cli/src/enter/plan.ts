// What `ns enter` is to do: its options, and the child that they stand for.
import { Namespace, type NamespaceType, type SpawnOptions } from '@ns/core';
import { assertOwners, OpenProcess, type Preparation } from '@ns/core/authors';
import { addCapabilities, addRunAs } from '@ns/user';
import { namedTypes, subjects, typeOptions } from '../namespace-options.js';
import { type Given, type OptionGroup, UsageError } from '../options.js';
import { wordsOf } from '../words.js';
import { type Credentials, credentialsIn } from './credentials.js';
import { directoryOptions, openDirectories } from './directories.js';
import { cgroupToJoin, followOptions, networkOfSocket, prepareContext } from './follow.js';

function targetOf(given: Given): OpenProcess | undefined {
  const pid = given.number('target');
  if (pid === undefined) return undefined;
  if (pid === 0) throw new UsageError('--target must be a process id: 0');
  return OpenProcess.open(pid);
}

/** Whether the thread is in the namespace already. */
function isOurs(handle: Namespace): boolean {
  using own = Namespace.current(handle.type);
  return own.equals(handle);
}

/**
 * Opens namespaces of the target, all of one moment.
 *
 * @param named those that are asked for by name; undefined: all that are not the caller's own
 */
function openTargets(target: OpenProcess, named?: readonly NamespaceType[]): Namespace[] {
  return target.namespaces(named).filter((one) => {
    // The user namespace that the caller is in cannot be joined, and need not be.
    const isWanted = (named !== undefined && one.type !== 'user') || !isOurs(one);
    if (!isWanted) one.close();
    return isWanted;
  });
}

function openNamespaces(given: Given, target: OpenProcess | undefined, into: Namespace[]): void {
  const named = namedTypes(given);
  const socket = given.number('net-socket');
  if (socket !== undefined) {
    if (target === undefined) throw new UsageError('--net-socket needs --target PID');
    if (given.has('net')) throw new UsageError('--net and --net-socket exclude each other');
    into.push(networkOfSocket(target, socket));
  }
  const ofTarget = named.filter((type) => given.value(type) === undefined);
  for (const type of named) {
    const file = given.value(type);
    if (file !== undefined) into.push(Namespace.fromPath(file, type));
  }
  const all = given.has('all') || (named.length === 0 && socket === undefined);
  if (!all && ofTarget.length === 0) return;
  if (target === undefined) {
    throw new UsageError(`--${ofTarget[0] ?? 'all'} needs --target PID or a file`);
  }
  const taken = new Set(into.map(({ type }) => type));
  for (const one of openTargets(target, all ? undefined : ofTarget)) {
    if (taken.has(one.type)) one.close();
    else into.push(one);
  }
}

/** Opens the parent of the user namespace to be joined instead of it, or the owner of another one. */
function openUserParent(into: Namespace[]): void {
  const child = into.find(({ type }) => type === 'user') ?? into[0];
  if (child === undefined) throw new UsageError('--user-parent needs a namespace to be joined');
  const parent = child.owner();
  if (parent === null) throw new Error(`--user-parent: the owner of ${child} is out of sight`);
  const user = into.findIndex(({ type }) => type === 'user');
  if (user >= 0) into.splice(user, 1)[0]?.close();
  if (isOurs(parent)) parent.close();
  else into.push(parent);
}

function environmentOf(target: OpenProcess): Record<string, string> {
  const text = target.read('environ');
  const pairs = text.split('\0').filter((entry) => entry.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** Has the command keep the capabilities that joining a user namespace gives, whoever it is then. */
function keepCapabilities(child: Preparation, credentials: Credentials): void {
  if (Object.keys(credentials).length > 0) addRunAs(child, credentials);
  addCapabilities(child, { ambient: 'all' });
}

function optionsOf(given: Given, target: OpenProcess | undefined, namespaces: Namespace[]) {
  const options: SpawnOptions = { namespaces };
  const cwd = given.path('wdns');
  if (cwd !== undefined) options.cwd = cwd;
  if (given.has('env')) {
    if (target === undefined) throw new UsageError('--env needs --target PID');
    options.env = environmentOf(target);
  }
  return options;
}

/** What is to be run, and how. Its descriptors are open until it is closed. */
export function planEnter(given: Given) {
  using target = targetOf(given);
  const { command, args, argv0 } = wordsOf(given.operands);
  const namespaces: Namespace[] = [];
  const directories = openDirectories(given, target);
  const close = () => {
    for (const handle of namespaces) handle.close();
    directories.close();
  };
  try {
    openNamespaces(given, target, namespaces);
    if (given.has('user-parent')) openUserParent(namespaces);
    // A user namespace is to be joined: then not the mounts of another one, whose owner is another.
    const isWhole = given.has('all') || given.has('user') || namedTypes(given).length === 0;
    if (target && isWhole) assertOwners(namespaces);
    if (given.has('no-fork') && namespaces.some(({ type }) => type === 'pid')) {
      throw new UsageError('--no-fork: only a new process is in a pid namespace that is joined');
    }
    const takeContext = prepareContext(given, target);
    const user = namespaces.find(({ type }) => type === 'user');
    const credentials = credentialsIn(given, user, target);
    const keepsCapabilities = given.has('keep-caps') && user !== undefined;
    const options: SpawnOptions = {
      // As with nsenter(1), the mounts that are named alone are joined whoever owns them.
      trustMounts: user === undefined,
      ...optionsOf(given, target, namespaces),
      ...(keepsCapabilities ? {} : credentials),
      prepare(child) {
        directories.prepare(child);
        takeContext(child);
        if (keepsCapabilities) keepCapabilities(child, credentials);
      },
    };
    const cgroup = cgroupToJoin(given, target);
    if (cgroup !== undefined) options.cgroup = cgroup;
    if (argv0 !== undefined) options.argv0 = argv0;
    return { words: [command, args, options] as const, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The options. */
export const enterOptions: readonly OptionGroup[] = [
  {
    title: 'Which namespaces (default: all of the target)',
    options: {
      target: { short: 't', value: 'PID', help: 'the process whose namespaces are joined' },
      all: { short: 'a', help: 'all of the target that differ from the own ones' },
      ...typeOptions((type) => ({
        value: 'FILE',
        optional: true,
        help: `${subjects[type]}: of the target, or the one at FILE`,
      })),
      'net-socket': {
        short: 'N',
        value: 'FD',
        help: "the network namespace of a socket, by the target's descriptor",
      },
      'user-parent': {
        help: 'the parent of the user namespace in its place, or the owner of the others',
      },
    },
  },
  {
    title: 'How the command runs',
    options: {
      setuid: {
        short: 'S',
        value: 'UID',
        help: 'user id inside (default: 0 in a joined user namespace), or follow: that of the target',
      },
      setgid: { short: 'G', value: 'GID', help: 'group id inside (likewise)' },
      'preserve-credentials': {
        help: 'keep user and group id, as far as they are mapped in a joined user namespace',
      },
      'keep-caps': {
        help: 'in a joined user namespace, keep all capabilities, also without being root',
      },
      ...directoryOptions,
      env: { short: 'e', help: "the target's environment instead of the own one" },
      ...followOptions,
      'no-fork': { short: 'F', help: 'for nsenter(1); not with a pid namespace' },
      explain: { help: 'show the system calls, run nothing' },
    },
  },
];
