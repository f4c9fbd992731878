// The normal form of the options that make a child: parsed, with defaults filled in.
import type { Namespace } from '../namespaces/namespace.js';
import type { NamespaceSpec } from '../program/spec.js';
import type { Serialization, SpawnOptions, StdioItem } from './options.js';
import type { Attributes } from './process-attributes.js';
import type { Size } from './terminal.js';

/** A command to exec. */
export interface Command {
  readonly file: string;
  readonly argv: readonly string[];
  /** The variables, as `NAME=value`. */
  readonly environment: readonly string[];
  /** The directories in which a command without a slash is looked up, as PATH has them. */
  readonly searchPath: string;
}

/** A child to make. */
export interface Child {
  readonly specs: readonly NamespaceSpec[];
  readonly handles: readonly Namespace[];
  /** The command that the child executes. Without one, the child exits after its program. */
  readonly command: Command | undefined;
  /**
   * Makes the child wait until it is killed, in place of a command. `'closed'`: it can never be
   * traced, and no handle can be opened of it.
   */
  readonly hold: 'open' | 'closed' | undefined;
  readonly directory: string | undefined;
  readonly stdio: readonly StdioItem[];
  readonly passFds: readonly number[];
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Session of its own. */
  readonly detached: boolean;
  /** Signal that the child gets when the parent ends; 0 for none. */
  readonly parentDeathSignal: number;
  readonly attributes: Attributes;
  readonly terminal: Size | undefined;
  readonly cgroup: string | number | undefined;
  readonly init: boolean;
  readonly trustMounts: boolean;
  readonly signal: AbortSignal | undefined;
  readonly prepare: SpawnOptions['prepare'];
}

/** A child with a command, and what its parent needs to follow it. */
export interface CommandChild extends Child {
  readonly command: Command;
  readonly serialization: Serialization;
  /** Upper limit of one message from the child, in bytes. */
  readonly maxMessage: number;
  /** Milliseconds from the call; 0 for no limit. */
  readonly timeout: number;
  readonly killSignal: number;
}
