// features(): what this kernel and this user can do.
import { cgroupFeatures } from './cgroups.js';
import { type FeatureName, type Finding, facts, featureNames } from './facts.js';
import { helperFeatures } from './helpers.js';
import { kernelFeatures } from './kernel.js';
import { namespaceFeatures } from './namespaces.js';

/** Whether something can be done here. */
export interface Feature {
  /** What it is, for a human reader. */
  readonly title: string;
  /** Whether it is there for this user. */
  readonly available: boolean;
  /** Why it is not. */
  readonly reason?: string;
  /** What helps. */
  readonly cure?: string;
  /** Linux version that brought it, if it is the kernel's. */
  readonly since?: string;
  /** How many namespaces of the type this user may have: `user.max_*_namespaces`. */
  readonly limit?: number;
}

/** What {@link features} has found out: all features by name. */
export type Features = Readonly<Record<FeatureName, Feature>>;

/**
 * Finds out what this kernel and this user can do, each with the reason and the cure where it is
 * missing. `userNamespaces`, `netNamespaces` and so on say whether this user can make them, alone or
 * within a new user namespace; `unprivilegedUserNamespaces` whether an ordinary user can, whoever
 * asks.
 *
 * Namespaces are really made, by children that end at once; nothing else changes. Takes some
 * milliseconds. What depends on settings of the machine is found out anew with every call.
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
    return [name, Object.freeze({ ...facts[name], ...finding })];
  });
  return Object.freeze(Object.fromEntries(table)) as Features;
}
