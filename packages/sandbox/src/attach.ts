// attach(): the same object over somebody else's container.
import { readFileSync } from 'node:fs';
import { Cgroup } from '@ns/cgroup';
import {
  allNamespaceTypes,
  assertKeys,
  hold,
  isSystemError,
  Namespace,
  type NamespaceProcess,
  type NamespaceType,
} from '@ns/core';
import { Pidfd } from '@ns/pid';
import { readIdMaps, toInside, toOutside } from '@ns/user';
import { giveUp } from './identity.js';
import { Made } from './made.js';
import { checkOptions, type SandboxOptions } from './options.js';
import { openRoot } from './place.js';
import { type FirstProcess, Sandbox } from './sandbox.js';
import { idPair } from './schema.js';
import { validate } from './validate.js';

/** How commands are run in a container that is attached to. */
export interface AttachOptions
  extends Pick<
    SandboxOptions,
    'env' | 'workdir' | 'capabilities' | 'newPrivileges' | 'seccomp' | 'timeout' | 'maxBuffer'
  > {
  /**
   * Ids inside that commands have. Default: those of the process; for handles, those of root, or the
   * first ones that there are.
   */
  user?: { uid: number; gid: number };
}

const attachOptions = [
  ...['user', 'env', 'workdir', 'capabilities', 'newPrivileges', 'seccomp', 'timeout', 'maxBuffer'],
] as const satisfies readonly (keyof AttachOptions)[];

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Handles of the namespaces in which a process is and the caller is not. */
function foreignHandles(pidfd: number): Namespace[] {
  const handles: Namespace[] = [];
  try {
    for (const type of allNamespaceTypes) {
      const theirs = Namespace.fromPidfd(pidfd, type);
      const own = Namespace.of('self', type);
      const same = theirs.equals(own);
      own.close();
      if (same) theirs.close();
      else handles.push(theirs);
    }
    return handles;
  } catch (error) {
    for (const one of handles) one.close();
    throw error;
  }
}

/** Its effective ids, as the caller sees them. */
function idsOf(pid: number): Ids {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const effective = (name: string) =>
    Number(new RegExp(`^${name}:\\t\\d+\\t(\\d+)`, 'm').exec(status)?.[1]);
  return { uid: effective('Uid'), gid: effective('Gid') };
}

/** Its ids as numbers in its own user namespace; the first that is mapped, if they are not. */
function idsInside(pid: number): Ids {
  const maps = readIdMaps(pid);
  const ids = idsOf(pid);
  const inside = (kind: 'uid' | 'gid') =>
    toInside(maps[kind], ids[kind]) ?? maps[kind][0]?.inside ?? 0;
  return { uid: inside('uid'), gid: inside('gid') };
}

/** Root's ids in its user namespace; the first that are mapped, if those are not. */
function firstIds(pid: number): Ids {
  const maps = readIdMaps(pid);
  const first = (kind: 'uid' | 'gid') =>
    toOutside(maps[kind], 0) === undefined ? (maps[kind][0]?.inside ?? 0) : 0;
  return { uid: first('uid'), gid: first('gid') };
}

/** Its cgroup, unless that is the caller's own too. */
function groupOf(pid: number): Cgroup | undefined {
  let group: Cgroup | undefined;
  try {
    group = Cgroup.of(pid);
    const own = Cgroup.of('self');
    const same = own.path === group.path;
    own.close();
    if (!same) return group;
    group.close();
    return undefined;
  } catch (error) {
    group?.close();
    if (!isSystemError(error)) throw error;
    return undefined; // it is out of sight
  }
}

interface Target {
  readonly first: FirstProcess;
  readonly handles: readonly Namespace[];
  readonly release: readonly (() => unknown)[];
}

function ofPid(pid: number): Target {
  const pidfd = Pidfd.open(pid);
  try {
    const handles = foreignHandles(pidfd.fd);
    pidfd.unref();
    const first = {
      pid,
      exited: pidfd.exited,
      kill: () => pidfd.signal('SIGKILL'),
      ref: () => pidfd.ref(),
    };
    return { first, handles, release: [() => pidfd.close()] };
  } catch (error) {
    pidfd.close();
    throw error;
  }
}

function endHeld(held: NamespaceProcess): Promise<void> {
  held.ref();
  return held[Symbol.asyncDispose]();
}

async function ofHandles(given: readonly Namespace[]): Promise<Target> {
  // A process of ours in there, whose root directory is that of the mount namespace.
  const held = await hold({ namespaces: given });
  held.unref();
  const handles = given.map((one) => Namespace.fromFd(one.fd));
  return { first: held, handles, release: [() => endHeld(held)] };
}

/**
 * The same object over a container that somebody else has made. Commands join its namespaces, as the
 * user of the process and by default without capabilities; stopping lets it go, and does not end it.
 *
 * Needs CAP_SYS_ADMIN over its namespaces: root, or whoever has made its user namespace.
 *
 * @param target a process in it, or handles of its namespaces, which stay the caller's
 * @throws {SystemError} ESRCH without such a process, EACCES or EPERM without the privilege
 * @see setns(2), nsenter(1)
 * @example
 * await using box = await sandbox.attach(pid);
 * console.log(await box.files.list('/etc'));
 */
export async function attach(
  target: number | readonly Namespace[],
  options: AttachOptions = {},
): Promise<Sandbox> {
  assertKeys(options, attachOptions, 'options');
  const { user, ...rest } = options;
  const checked = checkOptions(rest);
  if (user !== undefined) validate(idPair, user, 'user');
  if (typeof target !== 'number' && !(Array.isArray(target) && target.length > 0)) {
    throw new TypeError(`target must be a pid or a list of handles: ${String(target)}`);
  }
  const found = typeof target === 'number' ? ofPid(target) : await ofHandles(target);
  const { first, handles, release } = found;
  const made = new Made();
  for (const step of [...release, ...handles.map((one) => () => one.close())]) made.add(step);
  try {
    const place = openRoot(first.pid);
    made.add(() => place.close());
    const types: readonly NamespaceType[] = handles.map(({ type }) => type);
    const ids = user ?? (typeof target === 'number' ? idsInside : firstIds)(first.pid);
    // Without a user namespace of its own there is nothing in which others could be allowed or not.
    const shared = types.includes('user') ? checked : { ...checked, nestedUserNamespaces: true };
    const owner = typeof target === 'number' ? idsOf(target) : undefined;
    const cgroup = groupOf(first.pid);
    made.add(() => cgroup?.close());
    return new Sandbox({
      first,
      handles,
      place,
      ...(owner ? { owner } : {}),
      command: { options: checked, prepare: giveUp(ids, shared), rlimits: {} },
      ...(cgroup ? { cgroup } : {}),
      report: { limits: {}, missing: [] },
      attached: true,
      release: [() => cgroup?.close(), ...release],
    });
  } catch (error) {
    await made.undoFailed();
    throw error;
  }
}
