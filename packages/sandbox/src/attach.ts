// sandbox.attach(): the same object over a container that another program has created.
import { fstatSync } from 'node:fs';
import { Cgroup } from '@ns/cgroup';
import { hold, isSystemError, Namespace, type NamespaceProcess } from '@ns/core';
import {
  assertOwners,
  type Members,
  OpenProcess,
  type Parser,
  parse,
  Rollback,
} from '@ns/core/authors';
import { Pidfd } from '@ns/pid';
import { type IdMaps, parseIdMap, toInside, toOutside } from '@ns/user';
import { dropCredentials } from './build/credentials.js';
import { callerIds, type Ids } from './build/identity.js';
import { members } from './options/members.js';
import type { SandboxOptions } from './options/types.js';
import { idPair } from './options/values.js';
import { openRootDirectory, type RootDirectory } from './root-directory.js';
import { type FirstProcess, Sandbox } from './sandbox.js';

/** Milliseconds that a child has to join the namespaces of the handles, whose root can stop it. */
const JOIN_LIMIT = 10_000;

/** Options of the commands in a container that is attached to. */
export interface AttachOptions
  extends Pick<
    SandboxOptions,
    'env' | 'workdir' | 'capabilities' | 'newPrivileges' | 'seccomp' | 'timeout' | 'maxBuffer'
  > {
  /**
   * Ids inside that commands have. Default: those of the process. For handles with a user namespace,
   * those of root, or the first that are mapped; without one, the caller's.
   */
  user?: { uid: number; gid: number } | undefined;
}

const { env, workdir, capabilities, newPrivileges, seccomp, timeout, maxBuffer } = members;
const parseAttach = parse.options({
  user: idPair,
  env,
  workdir,
  capabilities,
  newPrivileges,
  seccomp,
  timeout,
  maxBuffer,
} satisfies Members<AttachOptions>);

const parseTarget: Parser<number | readonly Namespace[]> = (value, name) => {
  if (typeof value === 'number') return parse.pid(value, name);
  if (Array.isArray(value) && value.length > 0 && value.every(Namespace.isNamespace)) return value;
  return parse.refuse(name, 'a pid or a list of handles', value);
};

/** A container to attach to. */
interface Container {
  readonly first: FirstProcess;
  /** Namespaces that commands join. */
  readonly handles: readonly Namespace[];
  readonly rootDirectory: RootDirectory;
  /** Ids that commands have by default, in the user namespace that they join. */
  readonly ids: Ids;
  /** Maps of the user namespace that commands are in. */
  readonly maps: IdMaps;
  readonly cgroup: Cgroup | undefined;
}

/** Opens the cgroup of a process; undefined if that is the caller's too, or out of sight. */
function groupOf(process: OpenProcess, id: bigint | undefined): Cgroup | undefined {
  let group: Cgroup;
  try {
    group = Cgroup.of(process.pid);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined; // it is out of sight
  }
  try {
    process.assertThere();
    using own = Cgroup.of('self');
    // Found by its name, which another group may have got; the kernel's id is the inode.
    const other = id !== undefined && id !== fstatSync(group.fd, { bigint: true }).ino;
    if (!other && own.path !== group.path) return group;
    group.close();
    return undefined;
  } catch (error) {
    group.close();
    throw error;
  }
}

function mapsOf(process: OpenProcess): IdMaps {
  return {
    uid: parseIdMap(process.read('uid_map')),
    gid: parseIdMap(process.read('gid_map')),
  };
}

/** Returns the ids of a process as numbers in its user namespace. */
function idsInside(pid: number, outside: Ids, maps: IdMaps): Ids {
  const inside = (kind: 'uid' | 'gid') => {
    const id = toInside(maps[kind], outside[kind]);
    if (id !== undefined) return id;
    throw new Error(
      `cannot attach to process ${pid}: its ${kind} ${outside[kind]} is not mapped in its user namespace; set the option user to ids that are`,
    );
  };
  return { uid: inside('uid'), gid: inside('gid') };
}

/** Returns root's ids in a user namespace; the first that are mapped, if those are not. */
function firstIds(maps: IdMaps): Ids {
  const first = (kind: 'uid' | 'gid') => {
    const id = toOutside(maps[kind], 0) === undefined ? maps[kind][0]?.inside : 0;
    if (id !== undefined) return id;
    throw new Error(`cannot attach to a user namespace in which no ${kind} is mapped`);
  };
  return { uid: first('uid'), gid: first('gid') };
}

function hasUser(handles: readonly Namespace[]): boolean {
  return handles.some(({ type }) => type === 'user');
}

/** Opens everything by the pidfd: the process may end, and another get its number. SECURITY.md S2. */
function openByPid(pid: number, rollback: Rollback): Container {
  using process = OpenProcess.open(pid);
  const pidfd = Pidfd.fromFd(process.pidfd);
  rollback.add(() => pidfd.close());
  let rootDirectory: RootDirectory | undefined;
  rollback.add(() => rootDirectory?.close());
  let maps: IdMaps = { uid: [], gid: [] };
  let info = pidfd.info();
  const handles = process.foreignNamespaces(() => {
    info = pidfd.info();
    maps = mapsOf(process);
    rootDirectory?.close();
    rootDirectory = openRootDirectory(process);
  });
  for (const one of handles) rollback.add(() => one.close());
  if (handles.length === 0) {
    throw new Error(`cannot attach to process ${pid}: it is in the caller's own namespaces`);
  }
  const cgroup = groupOf(process, info.cgroupId);
  rollback.add(() => cgroup?.close());
  const outside = { uid: info.uid.effective, gid: info.gid.effective };
  const first = {
    pid,
    exited: pidfd.exited,
    kill: () => pidfd.signal('SIGKILL'),
    ref: () => pidfd.ref(),
  };
  pidfd.unref();
  const ids = hasUser(handles) ? idsInside(pid, outside, maps) : outside;
  return {
    first,
    handles,
    rootDirectory: rootDirectory as unknown as RootDirectory,
    ids,
    maps,
    cgroup,
  };
}

function endHeld(held: NamespaceProcess): Promise<void> {
  held.ref();
  return held[Symbol.asyncDispose]();
}

/** Holds a child in the namespaces. SECURITY.md S5. */
async function holdIn(namespaces: readonly Namespace[]): Promise<NamespaceProcess> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), JOIN_LIMIT);
  try {
    return await hold({ namespaces, signal: controller.signal });
  } catch (cause) {
    if (!controller.signal.aborted) throw cause;
    const message = `cannot attach: a child did not come into the namespaces within ${JOIN_LIMIT} ms`;
    throw Object.assign(new Error(message, { cause }), { code: 'ETIMEDOUT' });
  } finally {
    clearTimeout(timer);
  }
}

async function openByHandles(given: readonly Namespace[], rollback: Rollback): Promise<Container> {
  // Taken in the synchronous part of the call: the caller may close its own. SECURITY.md S2.
  const handles = given.map((one) => Namespace.fromFd(one.fd));
  for (const one of handles) rollback.add(() => one.close());
  assertOwners(handles);
  // The root directory of a child that joins is that of the mount namespace.
  const held = await holdIn(handles);
  held.unref();
  rollback.add(() => endHeld(held));
  using process = OpenProcess.fromPidfd(held.pidfd);
  const rootDirectory = openRootDirectory(process);
  rollback.add(() => rootDirectory.close());
  const maps = mapsOf(process);
  const cgroup = groupOf(process, undefined);
  rollback.add(() => cgroup?.close());
  const ids = hasUser(handles) ? firstIds(maps) : callerIds();
  return { first: held, handles, rootDirectory, ids, maps, cgroup };
}

/** Returns the ids of the commands as the caller sees them. */
function idsOutside(ids: Ids, maps: IdMaps, isJoined: boolean): Ids {
  if (!isJoined) return ids;
  const outside = (kind: 'uid' | 'gid') => {
    const id = toOutside(maps[kind], ids[kind]);
    if (id !== undefined) return id;
    throw new RangeError(
      `options.user.${kind} must be mapped in the user namespace, got ${ids[kind]}`,
    );
  };
  return { uid: outside('uid'), gid: outside('gid') };
}

/**
 * Returns the same object over a container that another program has created. Commands join its namespaces, as the
 * user of the process and by default without capabilities. Stopping lets it go, and does not end it.
 *
 * Needs CAP_SYS_ADMIN over its namespaces: root, or the user who has created its user namespace.
 *
 * @param target a process in it, or handles of its namespaces, which stay the caller's
 * @throws {SystemError} ESRCH without such a process, EACCES or EPERM without the privilege
 * @throws {Error} with the code ETIMEDOUT if the container holds up the child that joins the handles
 * @throws {Error} if the process is in the caller's own namespaces, if its mount namespace belongs to
 *   another user namespace than the one that commands would be in, or if its ids are not mapped there
 * @see setns(2), nsenter(1)
 * @example
 * await using box = await sandbox.attach(pid);
 * console.log(await box.files.list('/etc'));
 */
export async function attach(
  target: number | readonly Namespace[],
  options: AttachOptions = {},
): Promise<Sandbox> {
  const { user, ...rest } = parseAttach(options);
  const parsed = parseTarget(target, 'target');
  const rollback = new Rollback();
  try {
    const container =
      typeof parsed === 'number'
        ? openByPid(parsed, rollback)
        : await openByHandles(parsed, rollback);
    const { first, handles, rootDirectory, cgroup, maps } = container;
    const ids = user ?? container.ids;
    const isJoined = hasUser(handles);
    const settings = { ...rest, nestedUserNamespaces: false };
    return new Sandbox({
      first,
      handles,
      rootDirectory,
      owner: idsOutside(ids, maps, isJoined),
      command: {
        settings,
        // Without a user namespace of the container, limits of nested ones would be the caller's.
        prepare: dropCredentials(ids, { ...settings, nestedUserNamespaces: !isJoined }),
        rlimits: {},
        filter: {},
      },
      cgroup,
      changes: undefined,
      report: { limits: {}, missing: [] },
      isAttached: true,
      release: [() => rollback.undo()],
    });
  } catch (error) {
    await rollback.undoFailed();
    throw error;
  }
}
