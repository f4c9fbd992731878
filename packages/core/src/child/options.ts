// Options of spawn.

import type { Stream } from 'node:stream';
import type { Duration, Size } from '../contract/units.js';
import type { Namespace } from '../namespaces/namespace.js';
import type { NamespaceSpec, Preparation } from '../program/spec.js';
import type { SignalName } from '../sys/signals.js';
import type { ProcessAttributes } from './process-attributes.js';
import type { TerminalSize } from './terminal.js';

/** Encoding of messages: `'json'`, or `'advanced'` for what structured clone can carry. */
export type Serialization = 'json' | 'advanced';

/** The connection of one descriptor of the child, as in child_process. */
export type StdioItem =
  | 'pipe'
  | 'overlapped'
  | 'ignore'
  | 'inherit'
  | 'ipc'
  | Stream
  | number
  | null
  | undefined;

/** All descriptors of the child: one word for 0, 1 and 2, or a list. */
export type StdioOptions = 'pipe' | 'overlapped' | 'ignore' | 'inherit' | readonly StdioItem[];

/** Options of {@link spawn}. Names and meanings are child_process's where it has them. */
export interface SpawnOptions extends ProcessAttributes {
  /**
   * Namespaces of the child: a specification creates one, a handle joins one. The rest stay as
   * the parent's. One of each type; but a user namespace can be made inside of one that is joined.
   */
  namespaces?: readonly (NamespaceSpec | Namespace)[] | undefined;
  /**
   * Working directory, in the child's mounts. Default, also for an empty text: the parent's. In a
   * mount namespace other than the parent's, links of /proc are not followed: an untrusted root could
   * use them to lead the child out of it.
   */
  cwd?: string | URL | undefined;
  /** Environment. Default: `process.env`. Undefined values are left out, inherited ones are not. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** First argument of the command, its own name. Default: the command. */
  argv0?: string | undefined;
  /** Descriptors of the child. Default: `'pipe'`. */
  stdio?: StdioOptions | undefined;
  /** Encoding of messages on the channel, if `stdio` has an `'ipc'`. Default: `'json'`. */
  serialization?: Serialization | undefined;
  /**
   * Most bytes of one message from the child, as it is encoded. A longer one is an `error` event with
   * the code EMSGSIZE, and the channel is closed. Default: 64 MiB.
   */
  maxMessage?: Size | undefined;
  /** Further descriptors of this process that the child gets under the same numbers. */
  passFds?: readonly number[] | undefined;
  /** User id to run as, in the child's user namespace. */
  uid?: number | undefined;
  /** Group id to run as, in the child's user namespace. Supplementary groups are dropped. */
  gid?: number | undefined;
  /** Run in a session of its own, as its leader. Default: false. */
  detached?: boolean | undefined;
  /** The same as `detached`, in the words of setsid(2). */
  sessionLeader?: boolean | undefined;
  /**
   * Connects descriptors 0, 1 and 2 to a new pseudo-terminal, which is the command's controlling
   * terminal; see {@link NamespaceProcess.terminal}. The child gets no descriptor of a terminal of the caller.
   */
  terminal?: boolean | TerminalSize | undefined;
  /** Start the child in this cgroup, from its first moment on: a directory of cgroup v2, or one opened. */
  cgroup?: string | number | undefined;
  /** Ends the child with `killSignal` when aborted. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds from the call after which the child is ended with `killSignal`, at most 2^31 - 1. A
   * child that does not come to its command within a second more is killed. Default: never.
   */
  timeout?: Duration | undefined;
  /** The signal of `signal`, `timeout` and `maxBuffer`. Default: `'SIGTERM'`. */
  killSignal?: SignalName | number | undefined;
  /**
   * SIGKILL the child when this process ends, however that happens. Default: false.
   * For runSync in a Worker: when the Worker ends.
   */
  killWithParent?: boolean | undefined;
  /** The same with another signal. */
  parentDeathSignal?: SignalName | number | undefined;
  /**
   * Have our init as the command's parent, as `pid()` has it as PID 1: it reaps what the command's
   * descendants leave behind and passes signals on. Without a new pid namespace, processes that are
   * left when the command ends go on. Default: false.
   */
  init?: boolean | undefined;
  /**
   * True to run a program of a mount namespace that belongs to another user namespace than the one the
   * command is in: the root there decides which program that is, and it runs with the caller's ids.
   * Join that user namespace instead. Default: false.
   */
  trustMounts?: boolean | undefined;
  /**
   * Adds calls to the child after those of the specifications: what a specification does for a new
   * namespace, for one that is joined.
   */
  prepare?: ((child: Preparation) => void) | undefined;
}
