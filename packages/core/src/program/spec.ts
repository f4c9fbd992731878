// What a namespace package contributes to a child: the contract between core and the packages.
import { knownMembers } from '../contract/options.js';
import { refuse } from '../contract/parser.js';
import { callback, ownMembers } from '../contract/values.js';
import { isNamespaceType, type NamespaceType } from '../sys/namespace-types.js';
import type { Program } from './program.js';

/**
 * The order in which contributions run in the child, whichever package they come from:
 * - `open`: what is opened as the caller, before a namespace is joined
 * - `nested`: a user namespace inside of a joined one, before the other namespaces are made
 * - `clock`: offsets of a new time namespace, before anything execs
 * - `user`: uid and gid maps, so that all later phases run as the mapped user
 * - `settings`: what has no path: hostname, limits, the loopback interface
 * - `propagation`: of mounts, before the first one is made
 * - `mounts`: mounts below the present root
 * - `root`: changing the root
 * - `credentials`: giving up ids and capabilities
 */
export const phases = Object.freeze([
  'open',
  'nested',
  'clock',
  'user',
  'settings',
  'propagation',
  'mounts',
  'root',
  'credentials',
] as const);

/** One of {@link phases}. */
export type Phase = (typeof phases)[number];

/** Options of the init. */
export interface InitOptions {
  /** Numbers of the signals that it passes on to the command. Default: all. */
  readonly forwardSignals?: readonly number[];
  /**
   * Milliseconds that the command has to end after a SIGTERM, before it gets SIGKILL. As PID 1, init
   * sends SIGTERM to what is left when the command has ended, and waits as long. 0: no limit for
   * the command, and what it leaves is killed at once. Default: 0.
   */
  readonly grace?: number;
  /** True to give init the command's filter of system calls and `noNewPrivileges`. Default: false. */
  readonly confined?: boolean;
  /**
   * True to have init traced by no process of its namespaces, not even with CAP_SYS_PTRACE. From
   * outside, handles of its namespaces can then be opened only with CAP_SYS_PTRACE in the user
   * namespace of the process that made it. Default: false.
   */
  readonly guarded?: boolean;
}

/** A child being planned; what {@link NamespaceSpec.prepare} works on. */
export interface Preparation {
  /** Types that the child gets new namespaces of. */
  readonly creates: ReadonlySet<NamespaceType>;
  /** Types of which the child joins existing namespaces. */
  readonly joins: ReadonlySet<NamespaceType>;
  /** The calls of a phase, to be added to. */
  program(phase: Phase): Program;
  /** Have our init stay as the command's parent: PID 1 if a pid namespace is made. */
  useInit(options?: InitOptions): void;
  /** Have the child, or its init, get this signal when the parent ends, however that happens. */
  endWithParent(signal: number): void;
  /**
   * Make the new user namespace as this user, who thus owns it: by ids of the user namespace that is
   * joined, else of the caller's. Needs CAP_SETUID and CAP_SETGID there.
   */
  ownedBy(uid: number, gid: number): void;
  /** Pids for the child in the nested pid namespaces, innermost first (clone3's set_tid). */
  chooseTids(tids: readonly number[]): void;
  /** Start the child in this cgroup (an open directory). */
  startInCgroup(fd: number): void;
  /**
   * Leave the parent's memory before the first call. Needed by calls that change credentials;
   * meetings, joins and init bring it with them.
   */
  isolate(): void;
  /**
   * Undo something of the parent's if the child does not come to exec. What takes time returns a
   * promise, which is waited for unless the child is made synchronously.
   */
  onFailure(undo: () => unknown): void;
}

/** A namespace to be created for a child, made by a type's package: `uts({ hostname: 'box' })`. */
export interface NamespaceSpec {
  /** The type to create. */
  readonly type: NamespaceType;
  /** Adds to the child what this namespace wants set up. */
  prepare?(child: Preparation): void;
}

/** The parser of a specification; `expected` names what is accepted in its place. */
export function parseSpec(
  value: unknown,
  name: string,
  expected = 'a specification',
): NamespaceSpec {
  if (typeof value !== 'object' || value === null) return refuse(name, expected, value);
  if (!isNamespaceType(ownMembers(value, name).type)) return refuse(name, expected, value);
  const spec = knownMembers(value as NamespaceSpec, specKeys, name);
  if (spec.prepare !== undefined) callback()(spec.prepare, `${name}.prepare`);
  return spec;
}

const specKeys: ReadonlySet<string> = new Set<keyof NamespaceSpec>(['type', 'prepare']);
