// sandbox.create(): a sandbox that stays.
import { hold, Namespace, type NamespaceProcess, type NamespaceType } from '@ns/core';
import { OpenProcess } from '@ns/core/authors';
import { type Build, buildSandbox } from './build/build.js';
import { openUplink, type Uplink } from './build/network.js';
import { commandDefaults, firstProcess } from './command.js';
import { parseSandboxOptions, type Settings } from './options/members.js';
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
  const { settings, namespaces, group } = build;
  let opened: Opened | undefined;
  const first = await hold({
    namespaces,
    ...firstProcess(settings, async ({ pidfd }) => {
      opened = await openAll(pidfd, build);
    }),
    ...(group === undefined ? {} : { cgroup: group }),
  });
  return { first, opened: opened as unknown as Opened };
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

/** Creates a sandbox that stays, of parsed options. */
export function startSandbox(settings: Settings): Promise<Sandbox> {
  return buildSandbox(settings, start);
}

/**
 * Creates a sandbox that stays until it is stopped. Without options: new namespaces of all eight types,
 * the host's files read-only with private ones hidden, only loopback as network, no capabilities, a clean
 * environment. It is killed with this process, however that ends.
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
export async function createSandbox<
  const Network extends SandboxNetworkOption = 'none',
  const Group extends SandboxCgroupOption = 'auto',
>(
  options: SandboxOptions & {
    readonly network?: Network | undefined;
    readonly cgroup?: Group | undefined;
  } = {},
): Promise<Sandbox<{ network: Network; cgroup: Group }>> {
  const settings = parseSandboxOptions(options);
  return (await startSandbox(settings)) as Sandbox<{ network: Network; cgroup: Group }>;
}
