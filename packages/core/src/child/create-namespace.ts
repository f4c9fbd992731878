// Makes namespaces that no process is in, held by a descriptor alone.

import { type Members, options as parseOptions } from '../contract/options.js';
import { refuse } from '../contract/parser.js';
import { withoutPrototype } from '../contract/values.js';
import { enterNew } from '../namespaces/enter.js';
import { HandOver } from '../namespaces/hand-over.js';
import { isNamespace, Namespace } from '../namespaces/namespace.js';
import type { OwnedHandle } from '../namespaces/owned-handle.js';
import { releaseThreadNamespace, useThreadNamespace } from '../namespaces/thread-namespaces.js';
import { releaseArena, takePrivateArena } from '../program/arena.js';
import { Layout, memoryFor } from '../program/layout.js';
import { Program } from '../program/program.js';
import { endedEarly, programError } from '../program/program-error.js';
import { type NamespaceSpec, parseSpec } from '../program/spec.js';
import { closeFd, O_CLOEXEC } from '../sys/fd.js';
import { AT } from '../sys/flags.js';
import { isNamespaceType, type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { rawSpawn } from '../sys/native.js';
import { syscall } from '../sys/syscall.js';
import { isSystemError, SystemError } from '../sys/system-error.js';
import { reapAndClose } from '../sys/wait.js';
import { holdChild } from './hold-child.js';

const CLONE_FILES = 0x400;

// What a thread can leave and come back to.
const onThread: ReadonlySet<NamespaceType> = new Set(['uts', 'ipc', 'net', 'cgroup']);

/** Options of {@link createNamespace}. */
export interface CreateNamespaceOptions {
  /**
   * User namespace that is to own the new one. Privileges there are enough. Default: the caller's.
   */
  user?: Namespace | undefined;
}

const parseCreate = parseOptions({
  user: (value, name) =>
    isNamespace(value) && value.type === 'user'
      ? value
      : refuse(name, 'a handle of a user namespace', value),
} satisfies Members<CreateNamespaceOptions>);

/** Returns the path of the new namespace: a new time namespace shows only among those for children. */
function path(type: NamespaceType): string {
  return `/proc/thread-self/ns/${type === 'time' ? 'time_for_children' : namespaceTypes[type].file}`;
}

/** Makes a namespace by a short visit of the calling thread. The fastest way, where it is one. */
function createOnThread(type: NamespaceType): number {
  const thread = useThreadNamespace(type);
  try {
    return enterNew(thread, () => syscall('openat', AT.FDCWD, path(type), O_CLOEXEC, 0));
  } finally {
    releaseThreadNamespace(thread);
  }
}

/**
 * Makes a namespace by way of a child that lives for three system calls. It shares our descriptors,
 * so what it opens is open here. It has no thread beside itself, which is what makes mount, time and
 * user possible.
 */
function createInChild(type: NamespaceType): number {
  const { flag } = namespaceTypes[type];
  const program = new Program();
  // Not by clone3: a new time namespace there would ask for memory of its own (before Linux 6.3).
  program.call('unshare', flag);
  const open = program.call('openat', AT.FDCWD, path(type), O_CLOEXEC, 0);
  program.call('exit_group', 0);
  const { entries } = program;
  const arena = takePrivateArena(memoryFor(entries));
  try {
    const layout = new Layout(arena, entries, { flags: CLONE_FILES });
    const pid = Number(rawSpawn(layout.address));
    if (pid < 0) throw new SystemError(-pid, 'clone3', [CLONE_FILES]);
    const exit = reapAndClose(layout.pidfd);
    const error = programError(layout, entries, 'the child');
    if (error) throw error;
    const fd = layout.resultOf(open);
    if (exit.code === 0) return fd;
    if (fd > 0) closeFd(fd); // the child was killed after the open
    throw endedEarly(exit);
  } finally {
    releaseArena(arena);
  }
}

/**
 * Makes a namespace by way of a child that waits: for what has to be set up from outside, what is
 * to be owned by another user namespace, and for pid namespaces, which are of use only while
 * their init lives.
 */
function createWithChild(spec: NamespaceSpec, user: Namespace | undefined): OwnedHandle {
  const handOver = new HandOver();
  try {
    const handed: NamespaceSpec = {
      type: spec.type,
      prepare(child) {
        const program = child.program('settings');
        const open = program.call('openat', AT.FDCWD, path(spec.type), O_CLOEXEC, 0);
        program.append(handOver.send(open));
        spec.prepare?.(child);
      },
    };
    const child = holdChild(user === undefined ? [handed] : [user, handed]);
    try {
      const fd = handOver.receive();
      if (spec.type === 'pid') return { fd, released: () => child.end() };
      child.end();
      return { fd };
    } catch (error) {
      child.end();
      throw error;
    }
  } finally {
    handOver.close();
  }
}

/** Makes the namespace of a specification, owned by `user` or else by the caller's user namespace. */
function create(spec: NamespaceSpec, user: Namespace | undefined): OwnedHandle {
  const { type } = spec;
  if (spec.prepare !== undefined || user !== undefined || type === 'pid') {
    return createWithChild(spec, user);
  }
  if (onThread.has(type)) {
    try {
      return { fd: createOnThread(type) };
    } catch (error) {
      // The thread may be unable to come back; a child need not.
      if (!isSystemError(error, 'EPERM')) throw error;
    }
  }
  return { fd: createInChild(type) };
}

/**
 * Creates a namespace without a process: the handle holds it. The calling process stays in its own
 * namespaces. Blocks for as long as the kernel takes (a millisecond or so).
 *
 * A pid namespace can be used only while its first process lives: the handle keeps one, which ends,
 * and all processes of the namespace with it, when the handle is closed.
 *
 * A user namespace made by name has no ids mapped. Give a specification to have more set up:
 * `createNamespace(user({ map: 'root' }))`, `createNamespace(time({ monotonic: 60 }))`.
 *
 * Needs CAP_SYS_ADMIN in the user namespace that will own the new one; for `user` itself, nothing.
 *
 * @param spec a type, or the specification that a type's package makes
 * @throws {SystemError} EPERM without the privilege, ENOSPC at a limit on namespaces
 * @see unshare(1)
 */
export function createNamespace(
  spec: NamespaceType | NamespaceSpec,
  options: CreateNamespaceOptions = {},
): Namespace {
  const expected = 'a namespace type or a specification';
  const wanted = isNamespaceType(spec)
    ? withoutPrototype<NamespaceSpec>({ type: spec })
    : parseSpec(spec, 'spec', expected);
  const { user } = parseCreate(options);
  return new Namespace(wanted.type, create(wanted, user));
}
