// Options of a child after the checks, with defaults filled in: what plans and launches are made of.
import type { Namespace } from '../namespaces/namespace.js';
import type { NamespaceSpec } from '../program/spec.js';
import type { Serialization, SpawnOptions, StdioItem } from './options.js';
import type { ProcessAttributes } from './process-attributes.js';
import type { TerminalSize } from './terminal.js';

/** A command to exec, after the checks. */
export interface Command {
  readonly file: string;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  /** Where the command is looked up, if it has no slash. */
  readonly searchPath: string;
}

/** What a child is made of, after the checks and with defaults filled in. */
export interface ChildOptions {
  readonly specs: readonly NamespaceSpec[];
  readonly handles: readonly Namespace[];
  /** What the child becomes in the end; without it, it exits after its program. */
  readonly command?: Command;
  /** Instead, it stays until it is killed; closed, it never lets itself be traced, nor handles be opened. */
  readonly hold?: 'open' | 'closed';
  readonly directory?: string | undefined;
  readonly stdio: readonly StdioItem[];
  readonly passFds: readonly number[];
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly detached: boolean;
  /** Sent when the parent ends; 0 for none. */
  readonly parentDeathSignal: number;
  readonly attributes: ProcessAttributes;
  readonly terminal?: TerminalSize | undefined;
  readonly cgroup?: string | number | undefined;
  readonly init?: boolean;
  readonly trustMounts?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly prepare?: SpawnOptions['prepare'];
}

/** Options of spawn after the checks. */
export interface CheckedSpawn extends ChildOptions {
  readonly command: Command;
  readonly serialization: Serialization;
  readonly maxMessage: number;
  readonly timeout: number;
  readonly killSignal: number;
}
