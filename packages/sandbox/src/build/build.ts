// Builds everything that a sandbox needs before its first process: root, limits, namespaces. If a step
// fails, all steps are undone; if an optional part is refused, the sandbox is built without it.
import {
  allNamespaceTypes,
  isRunError,
  type Namespace,
  type NamespaceSpec,
  type NamespaceType,
} from '@ns/core';
import { Rollback, throwIfAborted } from '@ns/core/authors';
import type { Settings } from '../options/members.js';
import type { MissingPart } from '../report.js';
import { SandboxError, type SandboxPart } from '../sandbox-error.js';
import { type Identity, identityOf } from './identity.js';
import { type Limits, limit } from './limits.js';
import { namespacesOf } from './namespaces.js';
import { refusedPart } from './refused-part.js';
import { prepareRoot, type ReadyRoot } from './root/prepare.js';

/** Everything that a sandbox is started with. */
export interface Build {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly root: ReadyRoot;
  readonly limits: Limits;
  readonly namespaces: readonly (NamespaceSpec | Namespace)[];
  /** Types of these namespaces. */
  readonly types: readonly NamespaceType[];
  readonly missing: readonly MissingPart[];
  /** The cgroup to start in, if the cgroup namespace does not do that. */
  readonly group: number | undefined;
  readonly rollback: Rollback;
  /** Runs a step that belongs to this part, for the error. */
  as<Result>(part: SandboxPart, step: () => Promise<Result>): Promise<Result>;
  /** Aborts the start. */
  readonly signal: AbortSignal | undefined;
}

async function attempt<Result>(
  settings: Settings,
  identity: Identity,
  root: ReadyRoot,
  missing: readonly MissingPart[],
  start: (build: Build) => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  throwIfAborted(signal);
  const rollback = new Rollback();
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
    const limits = await as('limits', () => limit(settings, identity, without.has('limits')));
    rollback.add(() => limits.cgroup?.remove());
    throwIfAborted(signal);
    const namespaces = namespacesOf(settings, identity, root, limits, without);
    types = allNamespaceTypes.filter((type) => namespaces.some((one) => one.type === type));
    const group = without.has('cgroup') ? limits.cgroup?.fd : undefined;
    return await start({
      settings,
      identity,
      root,
      limits,
      namespaces,
      types,
      missing,
      group,
      rollback,
      as,
      signal,
    });
  } catch (error) {
    await rollback.undoFailed();
    if (isRunError(error)) throw error;
    throwIfAborted(signal); // a step that is interrupted may fail in any way
    const refused = part ?? (await refusedPart(error, types));
    throw refused === undefined ? error : new SandboxError(refused, error);
  }
}

async function readyRoot(
  settings: Settings,
  identity: Identity,
  signal: AbortSignal | undefined,
): Promise<ReadyRoot> {
  try {
    return await prepareRoot(settings, identity, signal);
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof TypeError) throw error; // of options that contradict each other
    throw new SandboxError('root', error);
  }
}

/**
 * Builds a sandbox and starts it by `start`, whose errors undo all of it.
 *
 * @param signal aborts the start, the unpacking of a root included
 * @throws an AbortError if `signal` fires, once all of it is undone
 * @throws {SandboxError} naming the part that the kernel refuses, unless it is optional
 */
export async function buildSandbox<Result>(
  settings: Settings,
  start: (build: Build) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  throwIfAborted(signal);
  const identity = identityOf(settings);
  const missing: MissingPart[] = [];
  const root = await readyRoot(settings, identity, signal);
  try {
    for (;;) {
      try {
        return await attempt(settings, identity, root, missing, start, signal);
      } catch (error) {
        if (!(error instanceof SandboxError)) throw error;
        const part = settings.optional.find((one) => one === error.part);
        // If the part is refused although it is left out, leaving it out does not help.
        if (part === undefined || missing.some((one) => one.part === part)) throw error;
        missing.push({ part, reason: (error.cause as Error).message });
      }
    }
  } catch (error) {
    await root.release().catch(process.emitWarning);
    throw error;
  }
}
