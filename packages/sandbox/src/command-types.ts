// Types of the options of commands in a sandbox.
import type { CloneFunctionOptions, ForkOptions, RunOptions, SpawnOptions } from '@ns/core';

/** Options that the sandbox sets for all of its commands. */
export const decided = [
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

/**
 * Options of a command in a sandbox: those of spawn of `@ns/core`. `env` comes on top of the sandbox's,
 * `cwd` is a path inside. Default of `killSignal`: SIGKILL.
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

/** The option `encoding` of a command that is run to its end. */
export type OutputEncoding = BufferEncoding | 'buffer';

/** Arguments of a function's clone in a sandbox: the options are required if it has parameters. */
export type SandboxCloneArguments<Args extends readonly unknown[]> = [] extends Args
  ? [options?: SandboxCloneOptions<Args>]
  : [options: SandboxCloneOptions<Args> & { args: Args }];
