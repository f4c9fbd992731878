// What a sandbox tells about itself: how it turned out, what happens in it, how it has ended.
import type { NamespaceProcess } from '@ns/core';
import type { LimitReport } from './build/limits.js';
import type { OptionalPart } from './options/types.js';

/** A part that a sandbox has to go without, and why. */
export interface MissingPart {
  readonly part: OptionalPart;
  readonly reason: string;
}

/** How the sandbox turned out. */
export interface SandboxReport {
  /** What keeps each of the limits. */
  readonly limits: LimitReport;
  /** Optional parts that the kernel has refused. */
  readonly missing: readonly MissingPart[];
}

/** How the first process of a sandbox has ended. */
export interface SandboxExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Events of a sandbox. */
export interface SandboxEvents {
  /** A command has been started. */
  spawn: [child: NamespaceProcess];
  /** Memory or processes have come up to a limit that the cgroup keeps. */
  limit: [limit: 'memory' | 'pids'];
  /** The sandbox has ended, with all that was in it. */
  exit: [exit: SandboxExit];
}
