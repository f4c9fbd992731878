// What an audit reports: plain data.
import type { AuditArea, AuditResult } from './probe.js';
import type { ProbeName } from './probes/index.js';
import type { AuditPreset } from './promises.js';

/** One thing that was tried from inside. */
export interface AuditFinding {
  readonly probe: ProbeName;
  readonly area: AuditArea;
  readonly result: AuditResult;
  /** True if the preset promises that it is not reachable. */
  readonly promised: boolean;
  /** Paths, names and errors that were found; control characters are as the sandbox has them. */
  readonly detail: string;
  /** The option that blocks it, or the reason why none does. Missing if it is blocked. */
  readonly hint?: string;
}

/** Result of an audit. */
export interface AuditReport {
  /** The preset whose promises the findings are compared with. */
  readonly preset: AuditPreset;
  /** True if nothing is reachable that the preset promises to block. */
  readonly kept: boolean;
  readonly findings: readonly AuditFinding[];
}
