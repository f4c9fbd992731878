// create(): makes a sandbox part by part; if one fails, what has been made is undone.
import { cgroup } from '@ns/cgroup';
import {
  allNamespaceTypes,
  hold,
  Namespace,
  type NamespaceProcess,
  type NamespaceSpec,
  type NamespaceType,
} from '@ns/core';
import { ipc } from '@ns/ipc';
import { rootfs } from '@ns/mount';
import { pid } from '@ns/pid';
import { time } from '@ns/time';
import { uts } from '@ns/uts';
import { giveUp, type Identity, identityOf, userSpec } from './identity.js';
import { type Limited, limit } from './limits.js';
import { networkOf, openUplink } from './network.js';
import { checkOptions, type OptionalPart, type SandboxOptions } from './options.js';
import { refusedPart, SandboxError, type SandboxPart } from './parts.js';
import { openRoot } from './place.js';
import { prepareRoot, type ReadyRoot } from './prepare-root.js';
import { rootOptions } from './root.js';
import { Sandbox } from './sandbox.js';

const DEFAULT_HOSTNAME = 'sandbox';

/** A part that a sandbox has to go without, and why. */
export interface MissingPart {
  readonly part: OptionalPart;
  readonly reason: string;
}

/** The namespaces that the options describe: specifications to make, a handle to join. */
export function namespacesOf(
  options: SandboxOptions,
  identity: Identity,
  root: ReadyRoot,
  { cgroup: group }: Pick<Limited, 'cgroup'> = {},
  without: ReadonlySet<SandboxPart> = new Set(),
): (NamespaceSpec | Namespace)[] {
  const network = networkOf(options);
  return [
    userSpec(identity, options),
    rootfs(rootOptions(options, root)),
    pid({ proc: false }), // the root has one
    ...(network ? [network] : []),
    uts({ hostname: options.hostname ?? DEFAULT_HOSTNAME }),
    ipc(),
    cgroup(group ? { group } : {}),
    time(options.time),
  ].filter(({ type }) => !without.has(type));
}

/** What has been made so far, to be undone in reverse. */
class Made {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async undo(): Promise<void> {
    for (const step of this.#steps.reverse()) await step();
  }
}

/** Handles of all namespaces of the sandbox that are not the caller's own. */
function handlesOf(held: NamespaceProcess, types: readonly NamespaceType[]): Namespace[] {
  const handles: Namespace[] = [];
  try {
    for (const type of types) handles.push(Namespace.fromPidfd(held.pidfd, type));
    return handles;
  } catch (error) {
    for (const one of handles) one.close();
    throw error;
  }
}

async function attempt(
  options: SandboxOptions,
  identity: Identity,
  missing: readonly MissingPart[],
): Promise<Sandbox> {
  const made = new Made();
  const without = new Set<SandboxPart>(missing.map(({ part }) => part));
  let part: SandboxPart | undefined;
  let types: readonly NamespaceType[] = [];
  try {
    const root = await prepareRoot(options, identity);
    made.add(() => root.release());
    part = 'limits';
    const limited = await limit(options, identity, without.has('limits'));
    made.add(() => limited.cgroup?.remove());
    part = undefined;
    const namespaces = namespacesOf(options, identity, root, limited, without);
    types = allNamespaceTypes.filter((type) => namespaces.some((one) => one.type === type));
    const group = limited.cgroup;
    const held = await hold({
      namespaces,
      ...(group && without.has('cgroup') ? { cgroup: group.fd } : {}),
    });
    made.add(() => {
      held.ref();
      return held[Symbol.asyncDispose]();
    });
    held.unref();
    const handles = handlesOf(held, types);
    made.add(() => {
      for (const one of handles) one.close();
    });
    const place = openRoot(held.pid);
    made.add(() => place.close());
    part = 'network';
    const uplink = await openUplink(held.pid, options.network);
    made.add(() => uplink?.close());
    return new Sandbox({
      first: held,
      handles,
      place,
      owner: identity.outside,
      command: { options, prepare: giveUp(identity, options), rlimits: limited.rlimits },
      ...(group ? { cgroup: group } : {}),
      ...(root.changes ? { changes: root.changes } : {}),
      report: { limits: limited.report, missing },
      release: [() => uplink?.close(), () => group?.remove(), () => root.release()],
    });
  } catch (error) {
    await made.undo();
    const refused = part ?? (await refusedPart(error, types));
    throw refused === undefined ? error : new SandboxError(refused, error);
  }
}

/**
 * Makes a sandbox that stays until it is stopped. Without options: new namespaces of all eight types,
 * the host's files read-only with private ones hidden, no network, no capabilities, a clean
 * environment, killed with this process however that ends.
 *
 * Needs no privileges. Linux 5.12.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @throws {SandboxError} naming the part that the kernel refuses; nothing is left behind
 * @see namespaces(7), user_namespaces(7), pivot_root(2)
 * @example
 * await using box = await sandbox.create({ writable: ['/srv/job'], limits: { pids: 50 } });
 * await box.run('make', ['test'], { cwd: '/srv/job' });
 */
export async function create(options: SandboxOptions = {}): Promise<Sandbox> {
  const checked = checkOptions(options);
  const identity = identityOf(checked);
  const { optional = [] } = checked;
  const missing: MissingPart[] = [];
  for (;;) {
    try {
      return await attempt(checked, identity, missing);
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      const part = optional.find((one) => one === error.part);
      // Refused although it is left out already: then something else is the matter.
      if (part === undefined || missing.some((one) => one.part === part)) throw error;
      missing.push({ part, reason: (error.cause as Error).message });
    }
  }
}
