// sandbox(): a description of namespaces, in which commands are run.
import {
  explainSpawn,
  type Namespace,
  type NamespaceProcess,
  type NamespaceSpec,
  type RunOptions,
  type RunResult,
  run,
  runSync,
  type SpawnOptions,
  spawn,
} from '@ns/core';
import { namespacesOf, type SandboxOptions } from './options.js';

/** Options of a command in a sandbox; its namespaces are the sandbox's. */
export type SandboxSpawnOptions = Omit<SpawnOptions, 'namespaces'>;
/** Options of a command that is run to its end in a sandbox. */
export type SandboxRunOptions = Omit<RunOptions, 'namespaces'>;

/** Runs commands, each in new namespaces of the same description. Made by {@link sandbox}. */
export class Sandbox {
  readonly #namespaces: readonly (NamespaceSpec | Namespace)[];

  /** @internal */
  constructor(namespaces: readonly (NamespaceSpec | Namespace)[]) {
    this.#namespaces = namespaces;
  }

  /** As `run` of `@ns/core`: runs a command to its end and gives its output. */
  run(
    command: string,
    args: readonly string[] | undefined,
    options: SandboxRunOptions & { encoding: 'buffer' },
  ): Promise<RunResult<Buffer>>;
  run(
    command: string,
    args?: readonly string[],
    options?: SandboxRunOptions & { encoding?: BufferEncoding },
  ): Promise<RunResult>;
  run(
    command: string,
    args: readonly string[] = [],
    options: SandboxRunOptions = {},
  ): Promise<RunResult<string | Buffer>> {
    return run(command, args, { ...options, namespaces: this.#namespaces } as RunOptions & {
      encoding: 'buffer';
    });
  }

  /** As `runSync` of `@ns/core`: the same, blocking the thread. */
  runSync(
    command: string,
    args: readonly string[] | undefined,
    options: Omit<SandboxRunOptions, 'signal'> & { encoding: 'buffer' },
  ): RunResult<Buffer>;
  runSync(
    command: string,
    args?: readonly string[],
    options?: Omit<SandboxRunOptions, 'signal'> & { encoding?: BufferEncoding },
  ): RunResult;
  runSync(
    command: string,
    args: readonly string[] = [],
    options: Omit<SandboxRunOptions, 'signal'> = {},
  ): RunResult<string | Buffer> {
    return runSync(command, args, { ...options, namespaces: this.#namespaces } as RunOptions & {
      encoding: 'buffer';
    });
  }

  /** As `spawn` of `@ns/core`: starts a command and gives the process. */
  spawn(
    command: string,
    args: readonly string[] = [],
    options: SandboxSpawnOptions = {},
  ): Promise<NamespaceProcess> {
    return spawn(command, args, { ...options, namespaces: this.#namespaces });
  }

  /** What {@link spawn} would do, a system call on each line; nothing is run. */
  explain(
    command: string,
    args: readonly string[] = [],
    options: SandboxSpawnOptions = {},
  ): string {
    return explainSpawn(command, args, { ...options, namespaces: this.#namespaces });
  }
}

/**
 * Describes a sandbox: by default new namespaces of all eight types, without a way to the network,
 * in which the caller is root. Nothing is made until a command is run; each command gets namespaces
 * of its own, except for those that are joined by a handle.
 *
 * This separates; it does not yet confine: the files that the caller may use are there, and usable.
 *
 * Needs no privileges, as long as `user` is among the new ones. Linux 5.11.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @see namespaces(7), unshare(1)
 * @example const { stdout } = await sandbox({ hostname: 'box' }).run('hostname');
 */
export function sandbox(options: SandboxOptions = {}): Sandbox {
  return new Sandbox(namespacesOf(options));
}
