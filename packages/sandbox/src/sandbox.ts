// A sandbox that stays: commands run in it until it is stopped.
import { EventEmitter } from 'node:events';
import type { Cgroup } from '@ns/cgroup';
import {
  type CloneArguments,
  clone,
  fork,
  isSystemError,
  type Namespace,
  type NamespaceProcess,
  type NamespaceType,
  type OutputOf,
  type RunOptions,
  type RunResult,
  run,
  type SignalName,
  type SpawnedProcess,
  type SpawnOptions,
  type StdioItem,
  type StdioOptions,
  spawn,
  type TerminalSize,
} from '@ns/core';
import { parse, runEach, signalNumber } from '@ns/core/authors';
import { signalAll } from '@ns/pid';
import { type Change, listChanges } from './changes.js';
import { endProcesses } from './cleanup/end-processes.js';
import { type CommandDefaults, commandOptions } from './command.js';
import type {
  OutputEncoding,
  SandboxCloneArguments,
  SandboxCloneOptions,
  SandboxForkOptions,
  SandboxRunOptions,
  SandboxSpawnOptions,
} from './command-types.js';
import { SandboxFiles } from './files/files.js';
import { hasLocalMountsOnly } from './files/local-mounts.js';
import type { SandboxCgroupOption, SandboxNetworkOption } from './options/types.js';
import type { SandboxEvents, SandboxExit, SandboxReport } from './report.js';
import type { RootDirectory } from './root-directory.js';
import { SandboxNetwork } from './sandbox-network.js';
import { parseStopOptions, type StopOptions } from './stop-options.js';
import { type SandboxUsage, usageOf } from './usage.js';

const parseOnSpawn = parse.callback<NonNullable<SandboxRunOptions['onSpawn']>>();

/** The first process of a sandbox. */
export interface FirstProcess {
  readonly pid: number;
  readonly exited: Promise<SandboxExit>;
  kill(signal: 'SIGKILL'): unknown;
  /** Keeps the event loop alive until it has ended. */
  ref(): void;
}

/** Everything that a sandbox consists of. */
export interface SandboxComponents {
  /** PID 1, or the process that was attached to. */
  readonly first: FirstProcess;
  readonly handles: readonly Namespace[];
  readonly rootDirectory: RootDirectory;
  /** Ids outside that files are written with. */
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly command: CommandDefaults;
  readonly cgroup: Cgroup | undefined;
  readonly changes: { readonly lower: string; readonly upper: string } | undefined;
  readonly report: SandboxReport;
  /** True for a container of another program: stopping lets it go, and does not end it. */
  readonly isAttached: boolean;
  /** Steps of the end, after the processes have ended. */
  readonly release: readonly (() => unknown)[];
}

/**
 * Returns true if no file system in the sandbox can keep a call waiting: all that it was created with
 * are local, and its commands cannot mount another.
 */
function isLocal({ isAttached, command, first }: SandboxComponents): boolean {
  const { capabilities, newPrivileges } = command.settings;
  return (
    !isAttached && capabilities.length === 0 && !newPrivileges && hasLocalMountsOnly(first.pid)
  );
}

/** The options of a sandbox that its type depends on. */
export interface SandboxTraits {
  readonly network: SandboxNetworkOption;
  readonly cgroup: SandboxCgroupOption;
}

/** The type of `box.net`: undefined for the host's network. */
type NetOf<Network> =
  | (Network extends 'host' ? undefined : never)
  | (Exclude<Network, 'host'> extends never ? never : SandboxNetwork);

/** The type of `box.cgroup`: there with `cgroup: true`, undefined with false, both with `'auto'`. */
type CgroupOf<Asked> =
  | (Asked extends true ? Cgroup : never)
  | (Asked extends false ? undefined : never)
  | (Asked extends 'auto' ? Cgroup | undefined : never);

/** A sandbox, of `sandbox.create`, or a container of another program, of `sandbox.attach`. */
export class Sandbox<Traits extends SandboxTraits = SandboxTraits> {
  /** PID of its first process, in the caller's pid namespace. */
  readonly pid: number;
  /** Handles of its namespaces; those that it shares with the caller are missing. */
  readonly namespaces: Readonly<Partial<Record<NamespaceType, Namespace>>>;
  /** Its cgroup, if it has one. */
  readonly cgroup: CgroupOf<Traits['cgroup']>;
  /** Its network, unless that is the caller's. */
  readonly net: NetOf<Traits['network']>;
  /** Its files, as commands see them. */
  readonly files: SandboxFiles;
  /** The keepers of its limits, and the parts that are missing. */
  readonly report: SandboxReport;
  /** Emits `spawn`, `limit` and `exit`. */
  readonly events: EventEmitter<SandboxEvents> = new EventEmitter();
  /**
   * Resolves when it has ended, with all that was in it. It does not keep this process alive: running
   * commands do.
   */
  readonly exited: Promise<SandboxExit>;

  readonly #components: SandboxComponents;
  readonly #subscriptions: readonly { close(): void }[];
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(components: SandboxComponents) {
    this.#components = components;
    this.pid = components.first.pid;
    this.namespaces = Object.fromEntries(components.handles.map((one) => [one.type, one]));
    this.cgroup = components.cgroup as CgroupOf<Traits['cgroup']>;
    const { net } = this.namespaces;
    this.net = (net && new SandboxNetwork(net)) as NetOf<Traits['network']>;
    const { owner } = components;
    this.files = new SandboxFiles(() => components.rootDirectory.fd, {
      owner,
      isLocal: isLocal(components),
    });
    this.report = components.report;
    this.#subscriptions = components.cgroup ? this.#watchLimits(components.cgroup) : [];
    this.exited = components.first.exited.then((exit) => {
      this.events.emit('exit', exit);
      return exit;
    });
    // A caller that lets an attached container go does not handle its end.
    this.exited.catch(() => {});
  }

  #watchLimits(cgroup: Cgroup): { close(): void }[] {
    const files = { memory: 'memory.events', pids: 'pids.events' } as const;
    return (['memory', 'pids'] as const)
      .filter((name) => this.report.limits[name]?.keeper === 'cgroup')
      .map((name) => {
        const watch = cgroup.watchEvents(files[name]);
        void this.#reportLimit(watch, name);
        return watch;
      });
  }

  async #reportLimit(watch: AsyncIterable<unknown>, name: 'memory' | 'pids'): Promise<void> {
    for await (const _ of watch) this.events.emit('limit', name);
  }

  /** Returns a command's options with the sandbox's share. */
  #withDefaults<Given extends SandboxSpawnOptions>(given: Given): Given & SpawnOptions {
    this.#assertRunning();
    const { handles, command, cgroup } = this.#components;
    return commandOptions(command, given, handles, cgroup?.fd);
  }

  #started(child: NamespaceProcess): NamespaceProcess {
    this.events.emit('spawn', child);
    return child;
  }

  /**
   * Runs a command to its end and returns its output. Processes that the command leaves behind stay
   * until the sandbox is stopped.
   *
   * @throws {RunError} if it fails; see run of `@ns/core`
   * @throws {SystemError} if it cannot be started
   */
  async run<const Encoding extends OutputEncoding | undefined = undefined>(
    command: string,
    args: readonly string[] = [],
    options: SandboxRunOptions & { encoding?: Encoding } = {},
  ): Promise<RunResult<OutputOf<Encoding>>> {
    const given = this.#withDefaults<SandboxRunOptions>(options);
    const { maxBuffer = this.#components.command.settings.maxBuffer, onSpawn } = given;
    const hook = onSpawn === undefined ? undefined : parseOnSpawn(onSpawn, 'options.onSpawn');
    const all: RunOptions = {
      ...given,
      ...(maxBuffer === undefined ? {} : { maxBuffer }),
      onSpawn: (child) => {
        this.#started(child);
        hook?.(child);
      },
    };
    const result: RunResult<string | Buffer> = await run(
      command,
      args,
      all as RunOptions & { encoding: 'buffer' },
    );
    return result as RunResult<OutputOf<Encoding>>;
  }

  /** Starts a command and returns its process; see spawn of `@ns/core`. */
  async spawn<
    const Stdio extends StdioOptions | readonly StdioItem[] | undefined = undefined,
    const Tty extends boolean | TerminalSize | undefined = undefined,
  >(
    command: string,
    args: readonly string[] = [],
    options: SandboxSpawnOptions & {
      stdio?: Stdio;
      terminal?: Tty;
    } = {},
  ): Promise<SpawnedProcess<Stdio, Tty>> {
    const given = this.#withDefaults<SandboxSpawnOptions>(options);
    return this.#started(await spawn(command, args, given)) as SpawnedProcess<Stdio, Tty>;
  }

  /**
   * Runs a Node module with a channel; see fork of `@ns/core`. Node and the module must be inside.
   * Default of `execArgv`: none, unlike fork of `@ns/core`.
   */
  async fork(
    modulePath: string | URL,
    args: readonly string[] = [],
    options: SandboxForkOptions = {},
  ): Promise<NamespaceProcess> {
    const around = this.#withDefaults(options);
    return this.#started(await fork(modulePath, args, { execArgv: [], ...around }));
  }

  /** Runs a function in a new Node process and returns its result; see clone of `@ns/core`. */
  async clone<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    ...[options = {}]: SandboxCloneArguments<Args>
  ): Promise<Awaited<Result>> {
    const given = this.#withDefaults<SandboxCloneOptions<Args>>(options);
    return clone(fn, ...([given] as unknown as CloneArguments<Args>));
  }

  /**
   * Sends a signal to all processes but the first one.
   *
   * @returns the number of processes
   */
  signal(signal: SignalName | number): number {
    const number = signalNumber(signal, 'signal');
    this.#assertRunning();
    return signalAll(this.#pidNamespace(), number);
  }

  #assertRunning(): void {
    if (this.#stopping) throw new Error('the sandbox has been stopped');
  }

  #pidNamespace(): Namespace {
    const { pid } = this.namespaces;
    if (pid === undefined) throw new Error('the sandbox has no pid namespace of its own');
    return pid;
  }

  #cgroupFor(verb: string): Cgroup {
    this.#assertRunning();
    const { cgroup } = this.#components;
    if (cgroup) return cgroup;
    throw new Error(`cannot ${verb} the sandbox: it has no cgroup; set the option cgroup: true`);
  }

  /** Stops all processes; resolves when they have stopped. Needs a cgroup. */
  async freeze(): Promise<void> {
    await this.#cgroupFor('freeze').freeze();
  }

  /** Lets frozen processes go on. */
  async thaw(): Promise<void> {
    await this.#cgroupFor('thaw').thaw();
  }

  /** Returns the resources that its processes use: by the cgroup, or added up from /proc. */
  usage(): SandboxUsage {
    this.#assertRunning();
    return usageOf(this.#pidNamespace(), this.#components.cgroup);
  }

  /**
   * Lists the changes of the commands in the files below an overlay.
   *
   * @throws {Error} if its changes cannot be listed: see the option `root.overlay`
   */
  async changes(): Promise<Change[]> {
    const { changes } = this.#components;
    if (!changes) {
      throw new Error(
        "cannot list changes: the root has no overlay that keeps them; set overlay: 'list' or { keep }",
      );
    }
    try {
      return await listChanges(changes.lower, changes.upper);
    } catch (error) {
      // The directory of overlay: 'list' is removed with the sandbox.
      if (isSystemError(error, 'ENOENT')) this.#assertRunning();
      throw error;
    }
  }

  /**
   * Ends the sandbox with all that is in it, and removes everything that was created for it. An attached
   * container is let go, and goes on. A second call does nothing.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const { grace } = parseStopOptions(options);
    this.#stopping ??= this.#stop(grace).catch((error) => {
      // All steps have run: another call can only wait for the end.
      this.#stopping = this.#components.isAttached ? Promise.resolve() : this.exited.then(() => {});
      throw error;
    });
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    const { handles, rootDirectory, release, isAttached } = this.#components;
    // Every step runs, also after one that throws: above all the kill.
    await runEach([
      ...this.#subscriptions.map((one) => () => one.close()),
      ...(isAttached ? [] : [() => this.#askToEnd(grace), () => this.#kill()]),
      () => this.net?.close(),
      () => rootDirectory.close(),
      ...handles.map((one) => () => one.close()),
      ...release,
    ]);
  }

  /** Asks the processes to end, and waits for the grace. */
  async #askToEnd(grace: number): Promise<void> {
    if (grace === 0) return;
    // A frozen process could not end by itself.
    await this.#components.cgroup?.thaw();
    await endProcesses(this.#pidNamespace(), grace);
  }

  /** Ends the first process, and with it all others. */
  async #kill(): Promise<void> {
    const { first } = this.#components;
    first.ref();
    first.kill('SIGKILL');
    await first.exited;
  }

  /** Stops the sandbox, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
