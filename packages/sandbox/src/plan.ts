// plan(): what would be done to make a sandbox, as data and as system calls; nothing is done.
import { allNamespaceTypes, explainHold, Namespace, type NamespaceType } from '@ns/core';
import type { RootEntry } from '@ns/mount';
import { type Capability, capabilitySet, type IdMaps } from '@ns/user';
import { firstProcess } from './command.js';
import { environmentOf } from './build/environment.js';
import { firstStranger, identityOf } from './build/identity.js';
import { type LimitReport, plannedKeepers } from './build/limits.js';
import { namespacesOf } from './build/build.js';
import { checkOptions, type SandboxOptions } from './options/types.js';
import { planRoot } from './build/root/prepare.js';
import { rootOptions } from './build/root/rootfs-options.js';

/** What would be done for a sandbox. Plain data; {@link SandboxPlan.program} is for readers. */
export interface SandboxPlan {
  /** What happens to each type of namespace: made, joined, or shared with the caller. */
  readonly namespaces: Readonly<Record<NamespaceType, 'new' | 'joined' | 'shared'>>;
  /**
   * Who the commands are, inside and outside, and the maps. Of a sandbox that takes ids of no user at
   * random, the first ones that it could take.
   */
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly outside: { readonly uid: number; readonly gid: number };
    readonly maps: IdMaps;
  };
  readonly root: {
    /** The directory that becomes the root; missing: an empty one. */
    readonly source?: string;
    readonly readonly: boolean;
    readonly overlay: boolean;
  };
  /** What is put into the root, in this order. The content of secrets is left out. */
  readonly mounts: readonly RootEntry[];
  /** What is hidden, if it exists. */
  readonly hidden: readonly string[];
  readonly capabilities: readonly Capability[];
  readonly noNewPrivileges: boolean;
  readonly nestedUserNamespaces: boolean;
  readonly seccomp: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly limits: LimitReport;
  /** The system calls of its first process, as strace(1) shows them. */
  readonly program: string;
}

/** The options without what nobody should read in a plan. */
function redacted(options: SandboxOptions): SandboxOptions {
  const { secrets } = options;
  if (secrets === undefined) return options;
  const names = Object.keys(secrets).map((name) => [name, '(secret)']);
  return { ...options, secrets: Object.fromEntries(names) };
}

/**
 * What {@link create} would do by these options, without doing it.
 *
 * @throws {TypeError | RangeError} for a wrong option
 * @example console.log(sandbox.plan({ writable: ['/srv/job'] }).program);
 */
export function plan(options: SandboxOptions = {}): SandboxPlan {
  const checked = redacted(checkOptions(options));
  const identity = identityOf(checked, firstStranger);
  const root = planRoot(checked, identity);
  const { mounts = [], mask = [], source } = rootOptions(checked, root);
  const namespaces = namespacesOf(checked, identity, { ...root, release: async () => {} });
  const { uid, gid, outside, maps } = identity;
  const what = (type: NamespaceType) => {
    const found = namespaces.find((one) => one.type === type);
    if (found === undefined) return 'shared';
    return Namespace.isNamespace(found) ? 'joined' : 'new';
  };
  return {
    namespaces: Object.fromEntries(
      allNamespaceTypes.map((type) => [type, what(type)]),
    ) as SandboxPlan['namespaces'],
    user: { uid, gid, outside, maps },
    root: {
      ...(typeof source === 'string' ? { source } : {}),
      readonly: !root.writable,
      overlay: root.overlay !== undefined,
    },
    mounts,
    hidden: mask,
    capabilities: [...capabilitySet(checked.capabilities ?? [], 'capabilities')],
    noNewPrivileges: checked.newPrivileges !== true,
    nestedUserNamespaces: checked.nestedUserNamespaces === true,
    seccomp: checked.seccomp !== false,
    environment: environmentOf(checked),
    limits: plannedKeepers(checked),
    program: explainHold({ namespaces, ...firstProcess(checked, () => {}) }),
  };
}
