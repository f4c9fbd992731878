// sandbox.plan(): the creation of a sandbox as data and as system calls, without doing anything.
import { allNamespaceTypes, explainHold, Namespace, type NamespaceType } from '@ns/core';
import type { RootEntry } from '@ns/mount';
import type { Capability, IdMaps } from '@ns/user';
import { environmentOf } from './build/environment.js';
import { firstStranger, identityOf } from './build/identity.js';
import { type LimitReport, plannedKeepers } from './build/limits.js';
import { namespacesOf } from './build/namespaces.js';
import { planRoot } from './build/root/prepare.js';
import { rootfsOptions } from './build/root/rootfs-options.js';
import { firstProcess } from './command.js';
import { parseSandboxOptions, type Settings } from './options/members.js';
import type { SandboxOptions } from './options/types.js';

/** The plan of a sandbox. Plain data; {@link SandboxPlan.program} is for readers. */
export interface SandboxPlan {
  /** The origin of each type of namespace: created, joined, or shared with the caller. */
  readonly namespaces: Readonly<Record<NamespaceType, 'new' | 'joined' | 'shared'>>;
  /**
   * The ids of the commands, inside and outside, and the maps. Of a sandbox that takes ids at random,
   * the first ones that it could take.
   */
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly outside: { readonly uid: number; readonly gid: number };
    readonly maps: IdMaps;
  };
  readonly root: {
    /** The directory that becomes the root; left out for an empty one. */
    readonly source?: string;
    readonly readonly: boolean;
    readonly overlay: boolean;
  };
  /** The entries of the root, in this order. The content of secrets is left out. */
  readonly mounts: readonly RootEntry[];
  /** The paths that are hidden, if they exist. */
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

/** Returns the settings without the content of secrets. */
function redacted(settings: Settings): Settings {
  const names = Object.keys(settings.secrets).map((name) => [name, '(secret)']);
  return { ...settings, secrets: Object.fromEntries(names) };
}

/**
 * Returns the plan of a sandbox with these options. Nothing is created.
 *
 * @throws {TypeError | RangeError} for a wrong option
 * @example console.log(sandbox.plan({ writable: ['/srv/job'] }).program);
 */
export function plan(options: SandboxOptions = {}): SandboxPlan {
  const settings = redacted(parseSandboxOptions(options));
  const identity = identityOf(settings, firstStranger);
  const root = planRoot(settings, identity);
  const { mounts = [], mask = [] } = rootfsOptions(settings, root);
  const namespaces = namespacesOf(settings, identity, root);
  const { uid, gid, outside, maps } = identity;
  const originOf = (type: NamespaceType) => {
    const found = namespaces.find((one) => one.type === type);
    if (found === undefined) return 'shared';
    return Namespace.isNamespace(found) ? 'joined' : 'new';
  };
  return {
    namespaces: Object.fromEntries(
      allNamespaceTypes.map((type) => [type, originOf(type)]),
    ) as SandboxPlan['namespaces'],
    user: { uid, gid, outside, maps },
    root: {
      ...(root.directory === undefined ? {} : { source: root.directory }),
      readonly: !root.writable,
      overlay: root.overlay !== undefined,
    },
    mounts,
    hidden: mask,
    capabilities: settings.capabilities,
    noNewPrivileges: !settings.newPrivileges,
    nestedUserNamespaces: settings.nestedUserNamespaces,
    seccomp: settings.seccomp,
    environment: environmentOf(settings),
    limits: plannedKeepers(settings),
    program: explainHold({ namespaces, ...firstProcess(settings, () => {}) }),
  };
}
