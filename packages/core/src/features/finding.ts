// The answers of probes.
import type { FeatureName } from '../sys/feature-table.js';

/** The answer of a probe. */
export type Finding =
  | { readonly available: true; readonly limit?: number }
  | {
      readonly available: false;
      readonly reason: string;
      readonly cure?: string;
      readonly limit?: number;
    };

/** The answer that a feature is available. */
export const available: Finding = Object.freeze({ available: true });

/** Returns the answer that a feature is missing, with the reason and the cure. */
export function missing(reason: string, cure?: string): Finding {
  return cure === undefined ? { available: false, reason } : { available: false, reason, cure };
}

/** The answers of several probes. */
export type Findings = Partial<Record<FeatureName, Finding>>;
