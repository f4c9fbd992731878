// Options of the commands of a sandbox: the sandbox's share, and the caller's.
import type {
  HoldOptions,
  Namespace,
  NamespaceSpec,
  ProcessAttributes,
  SpawnOptions,
} from '@ns/core';
import { type MeetingAction, PR, type Preparation, parse } from '@ns/core/authors';
import { dropCredentials, mayTrace } from './build/credentials.js';
import { environmentOf } from './build/environment.js';
import type { Identity } from './build/identity.js';
import { changesHost } from './build/root/host-changes.js';
import { decided, type SandboxSpawnOptions } from './command-types.js';
import type { Settings } from './options/members.js';
import { type FilterOptions, filterOf } from './seccomp/filter.js';
import { SET_ANY_ID, SET_USER_ID } from './seccomp/set-id.js';

/**
 * One byte: too little for a file, and the one value that also keeps a core from the program that
 * /proc/sys/kernel/core_pattern names: with 0 it would run on the host, as root. See core(5).
 */
const NO_CORE = 1;

/** Settings of a sandbox that concern its commands. */
export type CommandSettings = Pick<
  Settings,
  | 'capabilities'
  | 'env'
  | 'maxBuffer'
  | 'nestedUserNamespaces'
  | 'newPrivileges'
  | 'seccomp'
  | 'timeout'
  | 'workdir'
>;

/** The sandbox's share of the options of each command. */
export interface CommandDefaults {
  readonly settings: CommandSettings;
  readonly prepare: (child: Preparation) => void;
  readonly rlimits: NonNullable<ProcessAttributes['rlimits']>;
  /** System calls that the filter refuses in this sandbox, beside those that it always refuses. */
  readonly filter: Pick<FilterOptions, 'countedMemory' | 'refusedModes'>;
}

/** Returns bits of modes that would outlive the sandbox: of programs that run as their owner. */
function refusedModes(
  settings: Settings,
  { outside }: Pick<Identity, 'outside'>,
): number | undefined {
  if (!changesHost(settings)) return undefined;
  if (outside.uid === 0 || outside.gid === 0) return SET_ANY_ID;
  // A root of the caller's, as that of an image, has such programs for its users.
  return typeof settings.root === 'object' ? undefined : SET_USER_ID;
}

/** Returns the sandbox's share of the options of commands with these ids. */
export function commandDefaults(
  settings: Settings,
  identity: Pick<Identity, 'uid' | 'gid' | 'outside'>,
  rlimits: CommandDefaults['rlimits'],
): CommandDefaults {
  const filter = {
    countedMemory: rlimits.data !== undefined,
    refusedModes: refusedModes(settings, identity),
  };
  return { settings, prepare: dropCredentials(identity, settings), rlimits, filter };
}

/** Returns the options that keep commands, and PID 1 with them, from more than they have. */
function confinement(
  {
    newPrivileges,
    nestedUserNamespaces,
    seccomp,
  }: Pick<CommandSettings, 'newPrivileges' | 'nestedUserNamespaces' | 'seccomp'>,
  filter: CommandDefaults['filter'],
): Pick<SpawnOptions, 'noNewPrivileges' | 'seccomp'> {
  return {
    noNewPrivileges: !newPrivileges,
    ...(seccomp ? { seccomp: filterOf({ nestedUserNamespaces, ...filter }) } : {}),
  };
}

/**
 * Returns the options of the first process of a sandbox that stays. A command must not get at the
 * capabilities and memory of this process: SECURITY.md S7.
 *
 * @param meet opens the handles of the sandbox while the process waits: later it may be guarded, also
 *   against the caller
 */
export function firstProcess(
  settings: CommandSettings,
  meet: MeetingAction,
): Pick<HoldOptions, 'noNewPrivileges' | 'seccomp' | 'prepare'> {
  return {
    ...confinement(settings, {}),
    prepare(child) {
      // It has all capabilities, so that only commands with this one could trace it.
      child.useInit({ guarded: mayTrace(settings) });
      const program = child.program('credentials');
      // A change of ids has taken its files in /proc from the caller.
      program.call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0);
      program.meet(meet);
    },
  };
}

/** Returns the own members of a command's options. @throws {TypeError} for one that the sandbox sets */
function ownOptions<Given extends SandboxSpawnOptions>(wanted: Given): Given {
  const given = parse.ownMembers(wanted, 'options');
  const name = decided.find((one) => given[one] !== undefined);
  if (name === undefined) return given as Given;
  throw new TypeError(
    `options.${name} cannot be set per command; set it when the sandbox is created`,
  );
}

const membersOf = (value: object | undefined, name: string) =>
  value === undefined ? {} : parse.ownMembers(value, name);

/** Returns the options of a command, with the sandbox's share of them. */
export function commandOptions<Given extends SandboxSpawnOptions>(
  { settings, prepare, rlimits, filter }: CommandDefaults,
  wanted: Given,
  namespaces: readonly (Namespace | NamespaceSpec)[],
  cgroup: number | undefined,
): Given & SpawnOptions {
  const given = ownOptions(wanted);
  const { timeout = settings.timeout } = given;
  const env = membersOf(given.env, 'options.env') as Record<string, string | undefined>;
  return {
    killSignal: 'SIGKILL',
    ...given,
    ...(timeout === undefined ? {} : { timeout }),
    cwd: given.cwd ?? settings.workdir,
    env: environmentOf(settings, env),
    rlimits: { ...membersOf(given.rlimits, 'options.rlimits'), ...rlimits, core: NO_CORE },
    namespaces,
    ...confinement(settings, filter),
    detached: !given.terminal, // a terminal brings a new session
    killWithParent: true,
    prepare,
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}
