// The namespaces of a sandbox, as specifications and handles.
import { cgroup } from '@ns/cgroup';
import type { Namespace, NamespaceSpec } from '@ns/core';
import { ipc } from '@ns/ipc';
import { pid } from '@ns/pid';
import { uts } from '@ns/uts';
import type { Settings } from '../options/members.js';
import type { SandboxPart } from '../sandbox-error.js';
import type { Identity } from './identity.js';
import type { Limits } from './limits.js';
import { networkNamespace } from './network.js';
import { type PreparedRoot, rootNamespace } from './root/rootfs-options.js';
import { userNamespace } from './user-namespace.js';

/** Returns the namespaces of a sandbox: specifications to create, a handle to join. */
export function namespacesOf(
  settings: Settings,
  identity: Identity,
  root: PreparedRoot,
  { cgroup: group }: Pick<Limits, 'cgroup'> = { cgroup: undefined },
  without: ReadonlySet<SandboxPart> = new Set(),
): (NamespaceSpec | Namespace)[] {
  const network = networkNamespace(settings);
  return [
    userNamespace(identity, settings),
    rootNamespace(settings, root),
    pid({ proc: false }), // the root has one
    ...(network ? [network] : []),
    uts({ hostname: settings.hostname }),
    ipc(),
    cgroup(group ? { group } : {}),
    settings.time,
  ].filter(({ type }) => !without.has(type));
}
