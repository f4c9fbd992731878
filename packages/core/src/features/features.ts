// features(): the abilities of this kernel and this user.

import {
  type FeatureFacts,
  type FeatureName,
  featureNames,
  featureTable,
} from '../sys/feature-table.js';
import { cgroupFeatures } from './cgroups.js';
import type { Finding } from './finding.js';
import { helperFeatures } from './helpers.js';
import { kernelFeatures } from './kernel.js';
import { namespaceFeatures } from './namespaces.js';

/** A feature on this machine, for this user. */
export interface Feature {
  /** Description for readers. */
  readonly title: string;
  /** True if this user has it. */
  readonly available: boolean;
  /** The reason if it is missing. */
  readonly reason?: string;
  /** The cure. */
  readonly cure?: string;
  /** Linux version that brought it, if it is the kernel's. */
  readonly since?: string;
  /** Upper limit of namespaces of the type for this user: `user.max_*_namespaces`. */
  readonly limit?: number;
}

/** All features by name: the result of {@link features}. */
export type Features = Readonly<Record<FeatureName, Feature>>;

/**
 * Probes the features of this kernel for this user. A missing one has the reason and the cure.
 * `userNamespaces`, `netNamespaces` and so on are available if this user can make them, alone or
 * within a new user namespace. `unprivilegedUserNamespaces` is about an ordinary user, also if root
 * asks.
 *
 * Children make the namespaces and end at once; nothing else changes. Takes some milliseconds.
 * Features that depend on settings of the machine are probed with every call.
 *
 * @example
 * const { rootlessNamespaces } = features();
 * if (!rootlessNamespaces.available) console.error(rootlessNamespaces.reason, rootlessNamespaces.cure);
 */
export function features(): Features {
  const found = {
    ...kernelFeatures(),
    ...namespaceFeatures(),
    ...cgroupFeatures(),
    ...helperFeatures(),
  };
  const table = featureNames.map((name): [FeatureName, Feature] => {
    const finding: Finding | undefined = found[name];
    if (!finding) throw new Error(`no probe has looked for ${name}`);
    const { title, since }: FeatureFacts = featureTable[name];
    return [name, Object.freeze({ title, ...(since && { since }), ...finding })];
  });
  return Object.freeze(Object.fromEntries(table)) as Features;
}
