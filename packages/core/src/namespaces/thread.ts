// unshare(2) and setns(2) for the calling thread, for good. To come back there is Namespace.enter,
// and for a child process spawn, which knows none of the limits below.

import { refuse } from '../contract/parser.js';
import { descriptor, list, namespaceType } from '../contract/values.js';
import { CLONE } from '../sys/flags.js';
import { flagsOf, type NamespaceType } from '../sys/namespace-types.js';
import { ensurePoolThreads } from '../sys/pool.js';
import { syscall, trySyscall } from '../sys/syscall.js';
import { SystemError } from '../sys/system-error.js';
import { isNamespace, type Namespace } from './namespace.js';
import { nameOfNsfs, typeOfNsfs } from './nsfs.js';
import { setnsHint, unshareHint } from './thread-hints.js';
import { hasMoved } from './thread-namespaces.js';

const parseList = list(namespaceType);

function parseTypes(types: unknown): readonly NamespaceType[] {
  const parsed = parseList(Array.isArray(types) ? types : [types], 'types');
  return parsed.length > 0 ? [...new Set(parsed)] : refuse('types', 'one type or several', types);
}

/**
 * Moves the calling thread into new namespaces: `unshare(flags)`, as unshare(1) does for a command.
 * Other threads stay where they are: in a Worker, what calls the kernel at once (`*Sync`,
 * `os.hostname()`, child_process) sees the new namespaces, while what waits (`fs.promises`, DNS)
 * runs on libuv's pool, in the old ones.
 *
 * Limits of a process with several threads, which Node always has:
 * - `user`: impossible (EINVAL).
 * - `pid`, `time`: only children of this thread are in the new one. After `pid` the thread can make
 *   no threads (no Worker), and the first child is the new namespace's init.
 * - `mount`: the thread no longer shares root, working directory and umask with the others;
 *   `process.chdir()` on the main thread then has no effect on asynchronous file operations.
 *
 * Needs CAP_SYS_ADMIN. Linux 2.6.16 and the kernel version of the type.
 *
 * @param types one type or a list
 * @throws {SystemError} EPERM without the privilege, EINVAL for what a thread cannot do or the
 *   kernel lacks, ENOSPC at a limit on namespaces
 * @throws {TypeError} if a name is not one of a type
 * @see unshare(2)
 */
export function unshare(types: NamespaceType | readonly NamespaceType[]): void {
  const list = parseTypes(types);
  ensurePoolThreads();
  const flags = flagsOf(list);
  const result = trySyscall('unshare', flags);
  if (result < 0) throw new SystemError(-result, 'unshare', [flags], unshareHint(-result, list));
  hasMoved(list);
}

/**
 * Gives the calling thread a root, a working directory and a umask of its own, so that it can join
 * mount namespaces: `unshare(CLONE_FS)`. This cannot be undone. On the main thread it means that
 * `process.chdir()` and `process.umask()` no longer reach asynchronous file operations, so do it in
 * a Worker.
 *
 * Needs no privileges.
 *
 * @see unshare(2)
 */
export function unshareDirectories(): void {
  ensurePoolThreads();
  syscall('unshare', CLONE.FS);
}

/**
 * Moves the calling thread into existing namespaces: `setns(fd, flags)`, as nsenter(1) does for a
 * command. See {@link unshare} for what that means for the rest of the process.
 *
 * Limits of a process with several threads, which Node always has:
 * - `user`: impossible (EINVAL). `time`: impossible (EUSERS).
 * - `mount`: EINVAL until {@link unshareDirectories} on this thread. Root and working directory
 *   are the namespace's root afterwards.
 * - `pid`: only children of this thread are in it, and the thread can make no threads.
 *
 * Needs CAP_SYS_ADMIN in the thread's user namespace and in the one that owns the target; for mount
 * also CAP_SYS_CHROOT. A pidfd as target: Linux 5.8.
 *
 * @param target a handle, the descriptor of a namespace, or a pidfd: then several namespaces of that
 *   process are joined at once, all of them or none
 * @param types which types are expected; with a pidfd, which are joined. Needed for a pidfd.
 * @throws {SystemError} EPERM without the privilege, EINVAL or EUSERS for what a thread cannot do,
 *   ESRCH if the process behind a pidfd has ended
 * @throws {TypeError} if the target is not of the type named
 * @see setns(2)
 */
export function setns(
  target: Namespace | number,
  types?: NamespaceType | readonly NamespaceType[],
): void {
  if (typeof target !== 'number' && !isNamespace(target)) {
    refuse('target', 'a namespace handle or a descriptor', target);
  }
  if (typeof target === 'number') descriptor(target, 'target');
  const wanted = types === undefined ? undefined : parseTypes(types);
  const fd = typeof target === 'number' ? target : target.fd;
  const type = typeof target === 'number' ? typeOfNsfs(fd) : target.type;
  if (type !== undefined && wanted !== undefined && (wanted.length > 1 || wanted[0] !== type)) {
    throw new TypeError(`types: target is a ${type} namespace, not ${wanted.join(', ')}`);
  }
  const list = wanted ?? (type && [type]);
  if (list === undefined) throw new TypeError('types must be given with a pidfd');
  ensurePoolThreads();
  const flags = flagsOf(list);
  const result = trySyscall('setns', fd, flags);
  if (result < 0) {
    const step =
      type === undefined ? 'joining the namespaces of a process' : `joining ${nameOfNsfs(fd)}`;
    throw new SystemError(-result, 'setns', [fd, flags], { step, ...setnsHint(-result, list) });
  }
  hasMoved(list);
}
