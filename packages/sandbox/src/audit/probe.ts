// What a probe is: one thing that is tried from inside, and what it means.
import type { Calls } from './calls.js';
import type { View } from './view.js';

/** Areas of what an audit tries. */
export const auditAreas = [
  'files',
  'sockets',
  'devices',
  'processes',
  'namespaces',
  'privileges',
  'kernel',
  'proc and sys',
  'network',
  'limits',
] as const;

/** The area that a probe is about. */
export type AuditArea = (typeof auditAreas)[number];

/**
 * Result of a probe:
 * - `'blocked'`: it was refused, or it is not there
 * - `'limited'`: it is there as far as an option names it, or as a limit allows
 * - `'reachable'`: a command of the sandbox has it
 */
export type AuditResult = 'blocked' | 'limited' | 'reachable';

/** The verdict of a probe. */
export interface Verdict {
  readonly result: AuditResult;
  readonly detail: string;
}

/** One thing that is tried. */
export interface Probe {
  readonly area: AuditArea;
  /** The attempt, in a line. */
  readonly title: string;
  /** The option that blocks it, or the reason why none does. */
  readonly hint: string;
  /**
   * The thing that the calls change if they succeed: then they are made after the others, in a command of
   * their own, and those that change the sandbox at the end.
   */
  readonly changes?: 'process' | 'sandbox';
  /** Adds the calls, and returns the function that judges them when they have been made. */
  prepare(calls: Calls, view: View): () => Verdict;
}

export const blocked = (detail: string): Verdict => ({ result: 'blocked', detail });
export const limited = (detail: string): Verdict => ({ result: 'limited', detail });
export const reachable = (detail: string): Verdict => ({ result: 'reachable', detail });

/** Most paths that a detail names. */
const MOST = 6;

/** Joins words with commas; only the first ones if there are many. */
export function listed(words: readonly string[]): string {
  const shown = [...new Set(words)];
  const rest = shown.length - MOST;
  return rest > 0 ? `${shown.slice(0, MOST).join(', ')} and ${rest} more` : shown.join(', ');
}

/** Judges by what was found: what the caller's options name is only limited. */
export function judge(
  found: readonly string[],
  otherwise: string,
  isNamed: (one: string) => boolean = () => false,
): Verdict {
  const unnamed = found.filter((one) => !isNamed(one));
  if (unnamed.length > 0) return reachable(listed(unnamed));
  if (found.length > 0) return limited(`named by an option: ${listed(found)}`);
  return blocked(otherwise);
}
