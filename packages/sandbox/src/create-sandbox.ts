// sandbox.create(): a sandbox that stays.
import { hold, Namespace, type NamespaceProcess, type NamespaceType } from '@ns/core';
import { type Members, OpenProcess, parse } from '@ns/core/authors';
import { type Build, buildSandbox } from './build/build.js';
import { openUplink, type Uplink } from './build/network.js';
import { commandDefaults, firstProcess } from './command.js';
import { members, type Settings } from './options/members.js';
import type { SandboxCgroupOption, SandboxNetworkOption, SandboxOptions } from './options/types.js';
import { openRootDirectory, type RootDirectory } from './root-directory.js';
import { Sandbox } from './sandbox.js';

/** Opens handles of all namespaces of the sandbox that are not the caller's. */
function openNamespaces(pidfd: number, types: readonly NamespaceType[]): Namespace[] {
  const handles: Namespace[] = [];
  try {
    for (const type of types) handles.push(Namespace.fromPidfd(pidfd, type));
    return handles;
  } catch (error) {
    for (const one of handles) one.close();
    throw error;
  }
}

/** Everything of a sandbox that is opened while its first process waits. */
interface Opened {
  readonly handles: readonly Namespace[];
  readonly rootDirectory: RootDirectory;
  readonly uplink: Uplink | undefined;
}

async function openAll(pidfd: number, { settings, types, rollback, as }: Build): Promise<Opened> {
  const handles = openNamespaces(pidfd, types);
  rollback.add(() => {
    for (const one of handles) one.close();
  });
  using process = OpenProcess.fromPidfd(pidfd);
  const rootDirectory = openRootDirectory(process);
  rollback.add(() => rootDirectory.close());
  const uplink = await as('network', () => openUplink(process.pid, settings));
  rollback.add(() => uplink?.close());
  return { handles, rootDirectory, uplink };
}

async function holdFirst(build: Build): Promise<{ first: NamespaceProcess; opened: Opened }> {
  const { settings, namespaces, group, signal } = build;
  let opening: Promise<Opened> | undefined;
  try {
    const first = await hold({
      namespaces,
      ...firstProcess(settings, async ({ pidfd }) => {
        opening = openAll(pidfd, build);
        await opening;
      }),
      ...(group === undefined ? {} : { cgroup: group }),
      signal,
    });
    return { first, opened: await (opening as unknown as Promise<Opened>) };
  } catch (error) {
    // An abort does not wait for it, but what it opens has to be closed.
    await opening?.catch(() => {});
    throw error;
  }
}

async function start(build: Build): Promise<Sandbox> {
  const { settings, identity, root, limits, missing, rollback } = build;
  const { first, opened } = await holdFirst(build);
  rollback.add(() => {
    first.ref();
    return first[Symbol.asyncDispose]();
  });
  first.unref();
  const { handles, rootDirectory, uplink } = opened;
  const { cgroup } = limits;
  return new Sandbox({
    first,
    handles,
    rootDirectory,
    owner: identity.outside,
    command: commandDefaults(settings, identity, limits.rlimits),
    cgroup,
    changes: root.changes,
    report: { limits: limits.report, missing },
    isAttached: false,
    release: [() => uplink?.close(), () => cgroup?.remove(), () => root.release()],
  });
}

/** Creates a sandbox that stays, of parsed options. The signal aborts the creation. */
export function startSandbox(
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Sandbox> {
  return buildSandbox(settings, start, signal);
}

/** Options of `sandbox.create`. */
export interface SandboxCreateOptions extends SandboxOptions {
  /** Aborts the creation. It has no effect on a sandbox that has been created. */
  signal?: AbortSignal | undefined;
}

const parseCreate = parse.options({
  ...members,
  signal: parse.abortSignal,
} satisfies Members<SandboxCreateOptions>);

/**
 * Creates a sandbox that stays until it is stopped. Without options: new namespaces of all eight types,
 * the host's files read-only with private ones hidden, only loopback as network, no capabilities, a clean
 * environment. It is killed with this process, however that ends.
 *
 * Needs no privileges. Linux 5.12.
 *
 * @throws {TypeError | RangeError} for a wrong option, before any system call
 * @throws {SandboxError} naming the part that the kernel refuses; nothing is left behind
 * @throws an AbortError if `signal` fires before the sandbox is created; nothing is left behind
 * @see namespaces(7), user_namespaces(7), pivot_root(2)
 * @example
 * await using box = await sandbox.create({ writable: ['/srv/job'], limits: { pids: 50 } });
 * await box.run('make', ['test'], { cwd: '/srv/job' });
 */
export async function createSandbox<
  const Network extends SandboxNetworkOption = 'none',
  const Group extends SandboxCgroupOption = 'auto',
>(
  options: SandboxCreateOptions & {
    readonly network?: Network | undefined;
    readonly cgroup?: Group | undefined;
  } = {},
): Promise<Sandbox<{ network: Network; cgroup: Group }>> {
  const settings = parseCreate(options);
  return (await startSandbox(settings, settings.signal)) as Sandbox<{
    network: Network;
    cgroup: Group;
  }>;
}
