// Commands of a sandbox: what the sandbox decides about them, and what is left to the caller.
import type {
  CloneFunctionOptions,
  ForkOptions,
  HoldOptions,
  Namespace,
  NamespaceSpec,
  ProcessAttributes,
  RunOptions,
  SpawnOptions,
} from '@ns/core';
import { type MeetingAction, PR, type Preparation } from '@ns/core/authors';
import { environmentOf } from './build/environment.js';
import { changesHost } from './build/root/host-changes.js';
import { giveUp, type Identity, mayTrace } from './build/identity.js';
import type { SandboxOptions } from './options/types.js';
import { type FilterOptions, filterOf } from './seccomp/filter.js';
import { SET_ANY_ID, SET_USER_ID } from './seccomp/set-id.js';
import { assertOptions, ownProperties } from './options/validate.js';

/** What the sandbox decides itself, and no command of it. */
const decided = [
  'namespaces',
  'cgroup',
  'prepare',
  'noNewPrivileges',
  'seccomp',
  'uid',
  'gid',
  'init',
  'trustMounts',
  'detached',
  'sessionLeader',
  'processGroup',
  'killWithParent',
  'parentDeathSignal',
] as const;
type Decided = (typeof decided)[number];

/** Throws for what is no object, or has what the sandbox decides. */
function assertNotDecided(options: SandboxSpawnOptions): void {
  assertOptions(options);
  const name = decided.find(
    (one) => Object.hasOwn(options, one) && (options as SpawnOptions)[one] !== undefined,
  );
  if (name !== undefined) {
    throw new TypeError(`options.${name} is not for a command to say: the sandbox has decided it`);
  }
}

/**
 * Options of a command in a sandbox: those of spawn of `@ns/core`. `env` comes on top of the sandbox's,
 * `cwd` is a path inside. `killSignal` is SIGKILL by default.
 */
export type SandboxSpawnOptions = Omit<SpawnOptions, Decided>;
/** Options of a command that is run to its end. */
export type SandboxRunOptions = Omit<RunOptions, Decided>;
/** Options of a Node module in a sandbox. */
export type SandboxForkOptions = Omit<ForkOptions, Decided>;
/** Options of a function in a sandbox. */
export type SandboxCloneOptions<Args extends readonly unknown[]> = Omit<
  CloneFunctionOptions<Args>,
  Decided
>;

/**
 * One byte: too little for a file, and the one value that also keeps a core from the program that
 * /proc/sys/kernel/core_pattern names: with 0 it would run on the host, as root. See core(5).
 */
const NO_CORE = 1;

/** How commands are made. */
export interface CommandParts {
  readonly options: SandboxOptions;
  readonly prepare: (child: Preparation) => void;
  readonly rlimits: NonNullable<ProcessAttributes['rlimits']>;
  /** What the filter of system calls refuses in this sandbox, beside what it always does. */
  readonly filter?: Pick<FilterOptions, 'countedMemory' | 'refusedModes'>;
}

/** Bits of modes that would outlive the sandbox: programs that run as their owner. */
function refusedModes(
  options: SandboxOptions,
  { outside }: Pick<Identity, 'outside'>,
): number | undefined {
  if (!changesHost(options)) return undefined;
  if (outside.uid === 0 || outside.gid === 0) return SET_ANY_ID;
  // A root of the caller's own, as that of an image, has such programs for its own users.
  return typeof options.root === 'object' ? undefined : SET_USER_ID;
}

/** How commands with these ids are made. */
export function commandParts(
  options: SandboxOptions,
  identity: Pick<Identity, 'uid' | 'gid' | 'outside'>,
  rlimits: CommandParts['rlimits'] = {},
): CommandParts {
  const filter = {
    countedMemory: rlimits.data !== undefined,
    refusedModes: refusedModes(options, identity),
  };
  return { options, prepare: giveUp(identity, options), rlimits, filter };
}

/** What keeps commands, and PID 1 with them, from more than they have. */
function confinement(
  { newPrivileges, nestedUserNamespaces = false, seccomp }: SandboxOptions,
  filter: CommandParts['filter'] = {},
): Pick<SpawnOptions, 'noNewPrivileges' | 'seccomp'> {
  return {
    noNewPrivileges: newPrivileges !== true,
    ...(seccomp === false ? {} : { seccomp: filterOf({ nestedUserNamespaces, ...filter }) }),
  };
}

/**
 * Options of the first process of a sandbox that stays. A command must not get at what it has:
 * SECURITY.md S7.
 *
 * @param meet opens what the sandbox is used by, while the process waits: later it may be guarded,
 *   also against the caller
 */
export function firstProcess(
  options: SandboxOptions,
  meet: MeetingAction,
): Pick<HoldOptions, 'noNewPrivileges' | 'seccomp' | 'prepare'> {
  return {
    ...confinement(options),
    prepare(child) {
      // It has all capabilities, so that only commands with this one could trace it.
      child.useInit({ guarded: mayTrace(options) });
      const program = child.program('credentials');
      // A change of ids has taken its files in /proc from the caller.
      program.call('prctl', PR.SET_DUMPABLE, 1, 0, 0, 0);
      program.meet(meet);
    },
  };
}

/** A command's options, with the sandbox's share of them. */
export function commandOptions<Given extends SandboxSpawnOptions>(
  { options, prepare, rlimits, filter }: CommandParts,
  wanted: Given,
  namespaces: readonly (Namespace | NamespaceSpec)[],
  cgroup?: number,
): Given & SpawnOptions {
  assertNotDecided(wanted);
  const given = ownProperties(wanted);
  const { timeout = options.timeout } = given;
  return {
    killSignal: 'SIGKILL',
    ...given,
    ...(timeout === undefined ? {} : { timeout }),
    cwd: given.cwd ?? options.workdir ?? '/',
    env: environmentOf(options, given.env),
    rlimits: { ...given.rlimits, ...rlimits, core: NO_CORE },
    namespaces,
    ...confinement(options, filter),
    detached: !given.terminal, // a terminal brings a session of its own
    killWithParent: true,
    prepare,
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}
