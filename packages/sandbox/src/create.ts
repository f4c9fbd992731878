// create(): a sandbox that stays.
import { hold, Namespace, type NamespaceProcess, type NamespaceType, OpenProcess } from '@ns/core';
import { commandParts } from './command.js';
import { type Making, make } from './make.js';
import { openUplink } from './network.js';
import type { SandboxOptions } from './options.js';
import { openRoot } from './place.js';
import { Sandbox } from './sandbox.js';

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

async function start(making: Making): Promise<Sandbox> {
  const { options, identity, root, limited, namespaces, types, missing, group, made } = making;
  const held = await hold({ namespaces, ...(group === undefined ? {} : { cgroup: group }) });
  made.add(() => {
    held.ref();
    return held[Symbol.asyncDispose]();
  });
  held.unref();
  const handles = handlesOf(held, types);
  made.add(() => {
    for (const one of handles) one.close();
  });
  using process = OpenProcess.fromPidfd(held.pidfd);
  const place = openRoot(process);
  made.add(() => place.close());
  const uplink = await making.as('network', () => openUplink(held.pid, options));
  made.add(() => uplink?.close());
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
