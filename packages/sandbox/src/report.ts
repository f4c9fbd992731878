// Reports of a sandbox: its limits and missing parts, its events, its end.
import type { NamespaceProcess } from '@ns/core';
import type { LimitReport } from './build/limits.js';
import type { OptionalPart } from './options/types.js';

/** An optional part that is missing, with the reason. */
export interface MissingPart {
  readonly part: OptionalPart;
  readonly reason: string;
}

/** The report of a sandbox. */
export interface SandboxReport {
  /** The keeper of each limit. */
  readonly limits: LimitReport;
  /** Optional parts that the kernel has refused. */
  readonly missing: readonly MissingPart[];
}

/** The end of the first process of a sandbox. */
export interface SandboxExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Events of a sandbox. */
export interface SandboxEvents {
  /** A command has been started. */
  spawn: [child: NamespaceProcess];
  /** Memory or processes have reached a limit that the cgroup keeps. */
  limit: [limit: 'memory' | 'pids'];
  /** The sandbox has ended, with all that was in it. */
  exit: [exit: SandboxExit];
}
