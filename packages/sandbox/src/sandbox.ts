// A sandbox that stays: commands are run in it until it is stopped.
import { EventEmitter } from 'node:events';
import type { Cgroup } from '@ns/cgroup';
import {
  clone,
  fork,
  isSystemError,
  type Namespace,
  type NamespaceProcess,
  type NamespaceType,
  type RunOptions,
  type RunResult,
  run,
  type SpawnOptions,
  spawn,
} from '@ns/core';
import { assertKeys } from '@ns/core/authors';
import { signalAll } from '@ns/pid';
import { type Change, listChanges } from './changes.js';
import {
  type CommandParts,
  commandOptions,
  type SandboxCloneOptions,
  type SandboxForkOptions,
  type SandboxRunOptions,
  type SandboxSpawnOptions,
} from './command.js';
import { SandboxFiles } from './files/files.js';
import { hasLocalMountsOnly } from './files/local-mounts.js';
import { takeAll } from './made.js';
import { SandboxNetwork } from './network.js';
import type { Place } from './place.js';
import type { SandboxEvents, SandboxExit, SandboxReport } from './report.js';
import { endAll } from './stop.js';
import { type SandboxUsage, usageOf } from './usage.js';

/** The first process of a sandbox. */
export interface FirstProcess {
  readonly pid: number;
  readonly exited: Promise<SandboxExit>;
  kill(signal: 'SIGKILL'): unknown;
  /** Keeps the event loop alive until it has ended. */
  ref(): void;
}

/** As long as a timer can wait. */
const LONGEST_GRACE = 2 ** 31 - 1;

/** Options of {@link Sandbox.stop}. */
export interface StopOptions {
  /** Milliseconds that processes have between SIGTERM and SIGKILL. Default: 0, SIGKILL at once. */
  grace?: number;
}

/** What a sandbox is put together from. */
export interface SandboxParts {
  /** PID 1, or the process that was attached to. */
  readonly first: FirstProcess;
  readonly handles: readonly Namespace[];
  readonly place: Place;
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly command: CommandParts;
  readonly cgroup?: Cgroup;
  readonly changes?: { readonly lower: string; readonly upper: string };
  readonly report: SandboxReport;
  /** Somebody else's: stopping lets it go, and does not end it. */
  readonly attached?: boolean;
  readonly release: readonly (() => unknown)[];
}

/**
 * Whether no file system in the sandbox can keep a call waiting: all that it has been made with are
 * local, and its commands have no means to mount another.
 */
function isLocal({ attached = false, command, first }: SandboxParts): boolean {
  const { capabilities = [], newPrivileges = false } = command.options;
  return !attached && capabilities.length === 0 && !newPrivileges && hasLocalMountsOnly(first.pid);
}

/** A sandbox. Made by `sandbox.create`, or around somebody else's container by `sandbox.attach`. */
export class Sandbox {
  /** PID of its first process, in the caller's pid namespace. */
  readonly pid: number;
  /** Handles of its namespaces; those that it shares with the caller are missing. */
  readonly namespaces: Readonly<Partial<Record<NamespaceType, Namespace>>>;
  /** Its cgroup, if it has one of its own. */
  readonly cgroup: Cgroup | undefined;
  /** Its network, unless that is the caller's. */
  readonly net: SandboxNetwork | undefined;
  /** Its files, as commands see them. */
  readonly files: SandboxFiles;
  /** Which limits are kept how, and what is missing. */
  readonly report: SandboxReport;
  /** `spawn`, `limit` and `exit`. */
  readonly events: EventEmitter<SandboxEvents> = new EventEmitter();
  /**
   * Resolves when it has ended, with all that was in it. That keeps no process alive: its commands do,
   * as long as they run.
   */
  readonly exited: Promise<SandboxExit>;

  readonly #parts: SandboxParts;
  readonly #subscriptions: readonly { close(): void }[];
  #stopping: Promise<void> | undefined;

  /** @internal */
  constructor(parts: SandboxParts) {
    this.#parts = parts;
    this.pid = parts.first.pid;
    this.namespaces = Object.fromEntries(parts.handles.map((one) => [one.type, one]));
    this.cgroup = parts.cgroup;
    this.net = this.namespaces.net && new SandboxNetwork(this.namespaces.net);
    const { owner } = parts;
    this.files = new SandboxFiles(() => parts.place.fd, { owner, isLocal: isLocal(parts) });
    this.report = parts.report;
    this.#subscriptions = parts.cgroup ? this.#watchLimits(parts.cgroup) : [];
    this.exited = parts.first.exited.then((exit) => {
      this.events.emit('exit', exit);
      return exit;
    });
    // Whoever lets an attached one go has nothing to catch.
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

  /** The sandbox's share of a command's options. */
  #around<Given extends SandboxSpawnOptions>(given: Given): Given & SpawnOptions {
    this.#assertRunning();
    const { handles, command, cgroup } = this.#parts;
    return commandOptions(command, given, handles, cgroup?.fd);
  }

  #started(child: NamespaceProcess): NamespaceProcess {
    this.events.emit('spawn', child);
    return child;
  }

  /**
   * Runs a command to its end and gives its output. What the command leaves behind stays until the
   * sandbox is stopped.
   *
   * @throws {RunError} if it fails; see run of `@ns/core`
   * @throws {SystemError} if it cannot be started
   */
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
  async run(
    command: string,
    args: readonly string[] = [],
    options: SandboxRunOptions = {},
  ): Promise<RunResult<string | Buffer>> {
    const around = this.#around(options);
    const { maxBuffer = this.#parts.command.options.maxBuffer } = options;
    const all: RunOptions = {
      ...around,
      ...(maxBuffer === undefined ? {} : { maxBuffer }),
      onSpawn: (child) => {
        this.#started(child);
        options.onSpawn?.(child);
      },
    };
    return run(command, args, all as RunOptions & { encoding: 'buffer' });
  }

  /** Starts a command and gives the process; see spawn of `@ns/core`. */
  async spawn(
    command: string,
    args: readonly string[] = [],
    options: SandboxSpawnOptions = {},
  ): Promise<NamespaceProcess> {
    return this.#started(await spawn(command, args, this.#around(options)));
  }

  /**
   * Runs a Node module with a channel; see fork of `@ns/core`. Node and the module must be inside.
   * Options of this Node process (`execArgv`) are not passed on by themselves.
   */
  async fork(
    modulePath: string | URL,
    args: readonly string[] = [],
    options: SandboxForkOptions = {},
  ): Promise<NamespaceProcess> {
    const around = this.#around(options);
    return this.#started(await fork(modulePath, args, { execArgv: [], ...around }));
  }

  /** Runs a function in a new Node process and gives its result; see clone of `@ns/core`. */
  async clone<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    options: SandboxCloneOptions<Args> = {},
  ): Promise<Awaited<Result>> {
    return clone(fn, this.#around(options));
  }

  /**
   * Sends a signal to all processes but the first one.
   *
   * @returns how many there were
   */
  signal(signal: NodeJS.Signals | number): number {
    this.#assertRunning();
    return signalAll(this.#pidNamespace(), signal);
  }

  #assertRunning(): void {
    if (this.#stopping) throw new Error('the sandbox has been stopped');
  }

  #pidNamespace(): Namespace {
    const { pid } = this.namespaces;
    if (pid === undefined) throw new Error('the sandbox has no pid namespace of its own');
    return pid;
  }

  #group(what: string): Cgroup {
    this.#assertRunning();
    if (this.cgroup) return this.cgroup;
    throw new Error(`${what} needs a cgroup, which this sandbox has not: see the option cgroup`);
  }

  /** Stops all processes; resolves when they have stopped. Needs a cgroup. */
  freeze(): Promise<void> {
    return this.#group('freezing').freeze();
  }

  /** Lets them go on. */
  thaw(): Promise<void> {
    return this.#group('thawing').thaw();
  }

  /** What its processes use: by the cgroup, or added up from /proc. */
  usage(): SandboxUsage {
    this.#assertRunning();
    return usageOf(this.#pidNamespace(), this.cgroup);
  }

  /**
   * What the commands have changed in the files below an overlay.
   *
   * @throws {Error} if its changes cannot be listed: see the option `root.overlay`
   */
  async changes(): Promise<Change[]> {
    const { changes } = this.#parts;
    if (!changes) throw new Error("changes need root: { directory, overlay: 'list' or { keep } }");
    try {
      return await listChanges(changes.lower, changes.upper);
    } catch (error) {
      // What is only listed goes with the sandbox; what is kept does not.
      if (isSystemError(error, 'ENOENT')) this.#assertRunning();
      throw error;
    }
  }

  /**
   * Ends the sandbox with all that is in it, and removes what was made for it. An attached one is let
   * go, and goes on. Again is no error.
   */
  stop(options: StopOptions = {}): Promise<void> {
    assertKeys(options, ['grace'], 'options');
    const { grace = 0 } = options;
    if (!Number.isInteger(grace) || grace < 0 || grace > LONGEST_GRACE) {
      throw new RangeError(
        `grace must be a whole number of milliseconds, at most ${LONGEST_GRACE}: ${grace}`,
      );
    }
    this.#stopping ??= this.#stop(grace).catch((error) => {
      // All steps have had their turn: what is left for another call is to wait for the end.
      this.#stopping = this.#parts.attached ? Promise.resolve() : this.exited.then(() => {});
      throw error;
    });
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    const { handles, place, release, attached = false } = this.#parts;
    // Each step has its turn, whatever the ones before it throw: above all the kill.
    await takeAll([
      ...this.#subscriptions.map((one) => () => one.close()),
      ...(attached ? [] : [() => this.#askToEnd(grace), () => this.#kill()]),
      () => this.net?.close(),
      () => place.close(),
      ...handles.map((one) => () => one.close()),
      ...release,
    ]);
  }

  /** Gives the processes their grace. */
  async #askToEnd(grace: number): Promise<void> {
    if (grace === 0) return;
    // A frozen process could not end by itself.
    await this.cgroup?.thaw();
    await endAll(this.#pidNamespace(), grace);
  }

  /** Ends the first process, and with it all others. */
  async #kill(): Promise<void> {
    const { first } = this.#parts;
    first.ref();
    first.kill('SIGKILL');
    await first.exited;
  }

  /** As {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
