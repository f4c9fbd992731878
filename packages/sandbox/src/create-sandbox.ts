// create(): a sandbox that stays.
import { hold, Namespace, type NamespaceProcess, type NamespaceType } from '@ns/core';
import { OpenProcess } from '@ns/core/authors';
import { commandParts, firstProcess } from './command.js';
import { type Making, make } from './build/build.js';
import { openUplink, type Uplink } from './build/network.js';
import type { SandboxOptions } from './options/types.js';
import { openRoot, type Place } from './root-directory.js';
import { Sandbox } from './sandbox.js';

/** Handles of all namespaces of the sandbox that are not the caller's own. */
function handlesOf(pidfd: number, types: readonly NamespaceType[]): Namespace[] {
  const handles: Namespace[] = [];
  try {
    for (const type of types) handles.push(Namespace.fromPidfd(pidfd, type));
    return handles;
  } catch (error) {
    for (const one of handles) one.close();
    throw error;
  }
}

/** What is opened of a sandbox while its first process waits. */
interface Opened {
  readonly handles: readonly Namespace[];
  readonly place: Place;
  readonly uplink: Uplink | undefined;
}

async function openAll(pidfd: number, { options, types, made, as }: Making): Promise<Opened> {
  const handles = handlesOf(pidfd, types);
  made.add(() => {
    for (const one of handles) one.close();
  });
  using process = OpenProcess.fromPidfd(pidfd);
  const place = openRoot(process);
  made.add(() => place.close());
  const uplink = await as('network', () => openUplink(process.pid, options));
  made.add(() => uplink?.close());
  return { handles, place, uplink };
}

async function holdFirst(making: Making): Promise<{ held: NamespaceProcess; opened: Opened }> {
  const { options, namespaces, group } = making;
  let opened: Opened | undefined;
  const held = await hold({
    namespaces,
    ...firstProcess(options, async ({ pidfd }) => {
      opened = await openAll(pidfd, making);
    }),
    ...(group === undefined ? {} : { cgroup: group }),
  });
  return { held, opened: opened as unknown as Opened };
}

async function start(making: Making): Promise<Sandbox> {
  const { options, identity, root, limited, missing, made } = making;
  const { held, opened } = await holdFirst(making);
  made.add(() => {
    held.ref();
    return held[Symbol.asyncDispose]();
  });
  held.unref();
  const { handles, place, uplink } = opened;
  const { cgroup } = limited;
  return new Sandbox({
    first: held,
    handles,
    place,
    owner: identity.outside,
    command: commandParts(options, identity, limited.rlimits),
    ...(cgroup ? { cgroup } : {}),
    ...(root.changes ? { changes: root.changes } : {}),
    report: { limits: limited.report, missing },
    release: [() => uplink?.close(), () => cgroup?.remove(), () => root.release()],
  });
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
export function create(options: SandboxOptions = {}): Promise<Sandbox> {
  return make(options, start);
}
