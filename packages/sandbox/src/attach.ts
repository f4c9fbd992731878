// attach(): the same object over a container that another program has made.
import { fstatSync } from 'node:fs';
import { Cgroup } from '@ns/cgroup';
import { hold, isSystemError, Namespace, type NamespaceProcess } from '@ns/core';
import { assertKeys, assertOwners, OpenProcess } from '@ns/core/authors';
import { Pidfd } from '@ns/pid';
import { type IdMaps, parseIdMap, toInside, toOutside } from '@ns/user';
import { callerIds, giveUp, type Ids } from './build/identity.js';
import { Made } from './made.js';
import { checkOptions, type SandboxOptions } from './options/types.js';
import { openRoot, type Place } from './root-directory.js';
import { type FirstProcess, Sandbox } from './sandbox.js';
import { idPair } from './options/schema.js';
import { validate } from './options/validate.js';

/** Milliseconds that a child has to join the namespaces of the handles, whose root can stop it. */
const JOIN_LIMIT = 10_000;

/** How commands are run in a container that is attached to. */
export interface AttachOptions
  extends Pick<
    SandboxOptions,
    'env' | 'workdir' | 'capabilities' | 'newPrivileges' | 'seccomp' | 'timeout' | 'maxBuffer'
  > {
  /**
   * Ids inside that commands have. Default: those of the process. For handles with a user namespace,
   * those of root, or the first ones that are mapped; without one, the caller's.
   */
  user?: { uid: number; gid: number };
}

const attachOptions = [
  ...['user', 'env', 'workdir', 'capabilities', 'newPrivileges', 'seccomp', 'timeout', 'maxBuffer'],
] as const satisfies readonly (keyof AttachOptions)[];

/** What is attached to. */
interface Target {
  readonly first: FirstProcess;
  /** Namespaces that commands join. */
  readonly handles: readonly Namespace[];
  readonly place: Place;
  /** Ids that commands have by default, in the user namespace that they join. */
  readonly ids: Ids;
  /** Maps of the user namespace that commands are in. */
  readonly maps: IdMaps;
  readonly cgroup: Cgroup | undefined;
}

/** Its cgroup, unless that is the caller's own too, or out of sight. */
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
    // Found by its name, which another one may have got; the kernel's id is the inode.
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

/** Ids of a process as numbers in its own user namespace. */
function idsInside(pid: number, outside: Ids, maps: IdMaps): Ids {
  const inside = (kind: 'uid' | 'gid') => {
    const id = toInside(maps[kind], outside[kind]);
    if (id !== undefined) return id;
    throw new Error(
      `cannot attach to process ${pid}: its ${kind} ${outside[kind]} is not mapped in its user namespace\n  Choose ids that are: the option user.`,
    );
  };
  return { uid: inside('uid'), gid: inside('gid') };
}

/** Root's ids in a user namespace; the first that are mapped, if those are not. */
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

/** Everything goes by the pidfd: the process may end, and others get its number. SECURITY.md S2. */
function ofPid(pid: number, made: Made): Target {
  using process = OpenProcess.open(pid);
  const pidfd = Pidfd.fromFd(process.pidfd);
  made.add(() => pidfd.close());
  let place: Place | undefined;
  made.add(() => place?.close());
  let maps: IdMaps = { uid: [], gid: [] };
  let info = pidfd.info();
  const handles = process.foreignNamespaces(() => {
    info = pidfd.info();
    maps = mapsOf(process);
    place?.close();
    place = openRoot(process);
  });
  for (const one of handles) made.add(() => one.close());
  if (handles.length === 0) {
    throw new Error(`cannot attach to process ${pid}: it is in the caller's own namespaces`);
  }
  const cgroup = groupOf(process, info.cgroupId);
  made.add(() => cgroup?.close());
  const outside = { uid: info.uid.effective, gid: info.gid.effective };
  const first = {
    pid,
    exited: pidfd.exited,
    kill: () => pidfd.signal('SIGKILL'),
    ref: () => pidfd.ref(),
  };
  pidfd.unref();
  const ids = hasUser(handles) ? idsInside(pid, outside, maps) : outside;
  return { first, handles, place: place as unknown as Place, ids, maps, cgroup };
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

async function ofHandles(given: readonly Namespace[], made: Made): Promise<Target> {
  // Taken in the synchronous part of the call: the caller may close its own. SECURITY.md S2.
  const handles = given.map((one) => Namespace.fromFd(one.fd));
  for (const one of handles) made.add(() => one.close());
  assertOwners(handles);
  // A child in there, whose root directory is that of the mount namespace.
  const held = await holdIn(handles);
  held.unref();
  made.add(() => endHeld(held));
  using process = OpenProcess.fromPidfd(held.pidfd);
  const place = openRoot(process);
  made.add(() => place.close());
  const maps = mapsOf(process);
  const cgroup = groupOf(process, undefined);
  made.add(() => cgroup?.close());
  const ids = hasUser(handles) ? firstIds(maps) : callerIds();
  return { first: held, handles, place, ids, maps, cgroup };
}

/** Ids of the commands as the caller sees them. */
function idsOutside(ids: Ids, maps: IdMaps, isJoined: boolean): Ids {
  if (!isJoined) return ids;
  const outside = (kind: 'uid' | 'gid') => {
    const id = toOutside(maps[kind], ids[kind]);
    if (id !== undefined) return id;
    throw new RangeError(`user.${kind} must be mapped in the user namespace, got ${ids[kind]}`);
  };
  return { uid: outside('uid'), gid: outside('gid') };
}

/**
 * The same object over a container that another program has made. Commands join its namespaces, as the
 * user of the process and by default without capabilities; stopping lets it go, and does not end it.
 *
 * Needs CAP_SYS_ADMIN over its namespaces: root, or the user who has made its user namespace.
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
  assertKeys(options, attachOptions, 'options');
  const { user, ...rest } = options;
  const checked = checkOptions(rest);
  if (user !== undefined) validate(idPair, user, 'user');
  const isList = Array.isArray(target) && target.length > 0;
  if (typeof target !== 'number' && !(isList && target.every(Namespace.isNamespace))) {
    throw new TypeError(`target must be a pid or a list of handles: ${String(target)}`);
  }
  const made = new Made();
  try {
    const found = typeof target === 'number' ? ofPid(target, made) : await ofHandles(target, made);
    const { first, handles, place, cgroup, maps } = found;
    const ids = user ?? found.ids;
    const isJoined = hasUser(handles);
    // Without a user namespace of its own there is nothing in which others could be allowed or not.
    const shared = isJoined ? checked : { ...checked, nestedUserNamespaces: true };
    return new Sandbox({
      first,
      handles,
      place,
      owner: idsOutside(ids, maps, isJoined),
      command: { options: checked, prepare: giveUp(ids, shared), rlimits: {} },
      ...(cgroup ? { cgroup } : {}),
      report: { limits: {}, missing: [] },
      attached: true,
      release: [() => made.undo()],
    });
  } catch (error) {
    await made.undoFailed();
    throw error;
  }
}
