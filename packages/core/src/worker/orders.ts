// What a NamespaceWorker tells the file that its thread begins with (entry.ts).
import type { NamespaceType } from '../sys/namespace-types.js';

/** The user's code, as worker_threads takes it. */
export type Code =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'source'; readonly source: string }
  | { readonly kind: 'data'; readonly url: string };

/** Goes in the place of the user's `workerData`, which it carries along. */
export interface Orders {
  /** Namespaces to join, in this order; the descriptors stay the caller's. */
  readonly joins: readonly { readonly type: NamespaceType; readonly fd: number }[];
  /** Types to make new namespaces of. */
  readonly creates: readonly NamespaceType[];
  readonly code: Code;
  readonly workerData: unknown;
}
