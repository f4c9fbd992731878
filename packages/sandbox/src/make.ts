// What every sandbox needs before its first process: its root, its limits, its namespaces. If anything
// fails, what has been made is undone; if an optional part is refused, it is tried without.
import { cgroup } from '@ns/cgroup';
import {
  allNamespaceTypes,
  isRunError,
  type Namespace,
  type NamespaceSpec,
  type NamespaceType,
} from '@ns/core';
import { ipc } from '@ns/ipc';
import { rootfs } from '@ns/mount';
import { pid } from '@ns/pid';
import { time } from '@ns/time';
import { uts } from '@ns/uts';
import { type Identity, identityOf, userSpec } from './identity.js';
import { type Limited, limit } from './limits.js';
import { Made } from './made.js';
import { networkOf } from './network.js';
import { checkOptions, type SandboxOptions } from './options.js';
import { refusedPart, SandboxError, type SandboxPart } from './parts.js';
import { prepareRoot, type ReadyRoot } from './prepare-root.js';
import type { MissingPart } from './report.js';
import { rootOptions } from './root.js';

const DEFAULT_HOSTNAME = 'sandbox';

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

/** What a sandbox is made with. */
export interface Making {
  readonly options: SandboxOptions;
  readonly identity: Identity;
  readonly root: ReadyRoot;
  readonly limited: Limited;
  readonly namespaces: readonly (NamespaceSpec | Namespace)[];
  /** Types of these namespaces. */
  readonly types: readonly NamespaceType[];
  readonly missing: readonly MissingPart[];
  /** The group to start in, if no cgroup namespace does it. */
  readonly group?: number;
  readonly made: Made;
  /** Runs a step that belongs to this part, for the error. */
  as<Result>(part: SandboxPart, step: () => Promise<Result>): Promise<Result>;
}

async function attempt<Result>(
  options: SandboxOptions,
  identity: Identity,
  root: ReadyRoot,
  missing: readonly MissingPart[],
  use: (making: Making) => Promise<Result>,
): Promise<Result> {
  const made = new Made();
  const without = new Set<SandboxPart>(missing.map((one) => one.part));
  let part: SandboxPart | undefined;
  const as = async <T>(name: SandboxPart, step: () => Promise<T>): Promise<T> => {
    part = name;
    const result = await step();
    part = undefined;
    return result;
  };
  let types: readonly NamespaceType[] = [];
  try {
    const limited = await as('limits', () => limit(options, identity, without.has('limits')));
    made.add(() => limited.cgroup?.remove());
    const namespaces = namespacesOf(options, identity, root, limited, without);
    types = allNamespaceTypes.filter((type) => namespaces.some((one) => one.type === type));
    const group = without.has('cgroup') ? limited.cgroup?.fd : undefined;
    return await use({
      options,
      identity,
      root,
      limited,
      namespaces,
      types,
      missing,
      ...(group === undefined ? {} : { group }),
      made,
      as,
    });
  } catch (error) {
    await made.undoFailed();
    if (isRunError(error)) throw error;
    const refused = part ?? (await refusedPart(error, types));
    throw refused === undefined ? error : new SandboxError(refused, error);
  }
}

async function readyRoot(options: SandboxOptions, identity: Identity): Promise<ReadyRoot> {
  try {
    return await prepareRoot(options, identity);
  } catch (error) {
    if (error instanceof TypeError) throw error; // of options that contradict each other
    throw new SandboxError('root', error);
  }
}

/**
 * Checks the options, makes what they say, and hands it to `use`, whose errors undo all of it.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @throws {SandboxError} naming the part that the kernel refuses, unless it is optional
 */
export async function make<Result>(
  given: SandboxOptions,
  use: (making: Making) => Promise<Result>,
): Promise<Result> {
  const options = checkOptions(given);
  const identity = identityOf(options);
  const { optional = [] } = options;
  const missing: MissingPart[] = [];
  const root = await readyRoot(options, identity);
  try {
    for (;;) {
      try {
        return await attempt(options, identity, root, missing, use);
      } catch (error) {
        if (!(error instanceof SandboxError)) throw error;
        const part = optional.find((one) => one === error.part);
        // Refused although it is left out already: then something else is the matter.
        if (part === undefined || missing.some((one) => one.part === part)) throw error;
        missing.push({ part, reason: (error.cause as Error).message });
      }
    }
  } catch (error) {
    await root.release().catch(process.emitWarning);
    throw error;
  }
}
