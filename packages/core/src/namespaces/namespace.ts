// Handles of namespaces.
import { refuse } from '../contract/parser.js';
import { withoutPrototype } from '../contract/values.js';
import { closeFd } from '../sys/fd.js';
import { type NamespaceType, namespaceTypes } from '../sys/namespace-types.js';
import { assertSynchronous, enterInto } from './enter.js';
import {
  idOfNsfs,
  type NamespaceId,
  openOwner,
  openParent,
  ownerUidOfNsfs,
  uniqueIdOfNsfs,
} from './nsfs.js';
import {
  type OpenOptions,
  openCopy,
  openCurrent,
  openOf,
  openOfPidfd,
  openOfSocket,
  openPath,
  takeOver,
} from './open.js';
import { hold, letGo, type OwnedHandle } from './owned-handle.js';
import { pinAt, unpinAt } from './pin.js';
import { useThreadNamespace } from './thread-namespaces.js';

const inspect = Symbol.for('nodejs.util.inspect.custom');
/** Present in every handle, of every copy of this package. */
const brand = Symbol.for('@ns/Namespace');

/** Returns true for a handle, also one of another copy of this package. */
export function isNamespace(value: unknown): value is Namespace {
  return typeof value === 'object' && value !== null && brand in value;
}

/**
 * A handle of a namespace: an open file of nsfs. The namespace exists as long as the handle is open,
 * whether any process is in it or not.
 *
 * Close it with {@link close} or `using`. A descriptor belongs to the whole process: to give a
 * namespace to a Worker, send `fd` and open it there with {@link fromFd}.
 *
 * @example
 * using host = Namespace.current('net');
 * using other = Namespace.of(pid, 'net');
 * const addresses = other.enter(() => os.networkInterfaces());
 * @see namespaces(7), ioctl_nsfs(2)
 */
export class Namespace {
  /** The type. */
  readonly type: NamespaceType;
  readonly #held: OwnedHandle;
  #closed = false;
  #id: NamespaceId | undefined;
  #inside = 0;

  /** @internal */
  constructor(type: NamespaceType, held: OwnedHandle) {
    this.type = type;
    this.#held = withoutPrototype(held);
    hold(this, this.#held);
  }

  /** Returns true for a handle, also from another copy of this package. */
  static isNamespace(value: unknown): value is Namespace {
    return isNamespace(value);
  }

  /**
   * The namespace of a process. If that may end meanwhile, its number may by then be another one's:
   * {@link fromPidfd} is safe from that. Needs the right to trace the process: the same user and no
   * privileges beyond the caller's, or CAP_SYS_PTRACE.
   *
   * @param pid number in the pid namespace of /proc, or `'self'`
   * @throws {SystemError} ENOENT without such a process (or such namespaces), EACCES without the right
   */
  static of(pid: number | 'self', type: NamespaceType, options: OpenOptions = {}): Namespace {
    return new Namespace(type, { fd: openOf(pid, type, options) });
  }

  /**
   * The namespace that the calling thread is in. In a Worker, or inside an {@link enter}, that may
   * be another one than `of('self', type)`, which asks the main thread.
   */
  static current(type: NamespaceType, options: OpenOptions = {}): Namespace {
    return new Namespace(type, { fd: openCurrent(type, options) });
  }

  /**
   * The namespace of the process behind a pidfd, and of no other. By ioctl from Linux 6.11 on, by
   * way of /proc before.
   *
   * @throws {SystemError} ESRCH if the process has ended, EACCES without the right to trace it
   * @see pidfd_open(2), ioctl_pidfd(2)
   */
  static fromPidfd(pidfd: number, type: NamespaceType, options: OpenOptions = {}): Namespace {
    return new Namespace(type, { fd: openOfPidfd(pidfd, type, options) });
  }

  /**
   * The namespace behind a path: a file in /proc/PID/ns, or a bind mount as {@link pin} and
   * `ip netns add` make it.
   *
   * @param type what is expected; default: any
   * @throws {SystemError} when it cannot be opened
   * @throws {TypeError} if it is not a namespace, or not of this type
   */
  static fromPath(path: string, type?: NamespaceType): Namespace {
    const opened = openPath(path, type);
    return new Namespace(opened.type, opened);
  }

  /**
   * The namespace behind a descriptor, which stays the caller's: the handle has a duplicate.
   *
   * @param type what is expected; default: any
   * @throws {TypeError} if it is not a namespace, or not of this type
   */
  static fromFd(fd: number, type?: NamespaceType): Namespace {
    const opened = openCopy(fd, type);
    return new Namespace(opened.type, opened);
  }

  /** As {@link fromFd}, but the handle takes the descriptor over; it is closed on failure too. */
  static adopt(fd: number, type?: NamespaceType): Namespace {
    const taken = takeOver(fd, type);
    return new Namespace(taken.type, taken);
  }

  /**
   * The network namespace that a socket lives in. Needs CAP_NET_ADMIN in the user namespace that owns
   * it. Linux 4.9.
   *
   * @throws {SystemError} EPERM without the privilege, ENOTTY if it is not a socket
   */
  static fromSocket(fd: number): Namespace {
    return new Namespace('net', { fd: openOfSocket(fd) });
  }

  /** The descriptor, for system calls. It stays the handle's. */
  get fd(): number {
    if (this.#closed) throw new Error(`the handle of ${this} is closed`);
    return this.#held.fd;
  }

  /** True once the handle is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Identity: device and inode. */
  get id(): NamespaceId {
    this.#id ??= idOfNsfs(this.fd);
    return this.#id;
  }

  /**
   * The kernel's 64-bit id of the namespace, which is never given to another one until the machine
   * is restarted; undefined before Linux 6.18.
   */
  get nsid(): bigint | undefined {
    return uniqueIdOfNsfs(this.fd);
  }

  /** True for the namespace that the kernel made at the start of the machine. */
  get isInitial(): boolean {
    return this.id.ino === namespaceTypes[this.type].initialInode;
  }

  /**
   * The parent of a pid or user namespace; null if it is out of the caller's sight or, for an initial
   * namespace, if there is none. Linux 4.9.
   *
   * @throws {TypeError} for the other types, which do not nest
   * @see ioctl_nsfs(2)
   */
  parent(): Namespace | null {
    const { type, fd } = this;
    if (type !== 'pid' && type !== 'user') {
      throw new TypeError(`a ${type} namespace has no parent: only pid and user namespaces nest`);
    }
    const parent = openParent(fd);
    return parent === null ? null : new Namespace(type, { fd: parent });
  }

  /**
   * The user namespace that owns this one: privileges over it are privileges there. Null if it is out
   * of the caller's sight. The owner of a user namespace is its parent. Linux 4.9.
   *
   * @see ioctl_nsfs(2), user_namespaces(7)
   */
  owner(): Namespace | null {
    const owner = openOwner(this.fd);
    return owner === null ? null : new Namespace('user', { fd: owner });
  }

  /**
   * Uid of the user who made this user namespace, and has all privileges in it; for the other types,
   * of the owning user namespace. As the caller's user namespace maps it (65534 if it does not). Null
   * if the owner is out of sight. Linux 4.11.
   *
   * @see ioctl_nsfs(2)
   */
  ownerUid(): number | null {
    if (this.type === 'user') return ownerUidOfNsfs(this.fd);
    const owner = openOwner(this.fd);
    if (owner === null) return null;
    try {
      return ownerUidOfNsfs(owner);
    } finally {
      closeFd(owner);
    }
  }

  /** Returns true if both are handles of the same namespace. */
  equals(other: Namespace): boolean {
    if (!isNamespace(other)) {
      refuse('other', 'a namespace handle', other);
    }
    const [a, b] = [this.id, other.id];
    return a.ino === b.ino && a.dev === b.dev;
  }

  /**
   * Keeps the namespace alive under a path, as `ip netns add` does: makes an empty file and mounts the
   * namespace on it, in the calling thread's mount namespace. {@link fromPath} opens it again,
   * {@link unpin} ends it. A pid namespace takes no new processes once its init has ended, pinned or
   * not.
   *
   * Needs CAP_SYS_ADMIN in the owner of the mount namespace. Linux 5.2.
   *
   * @throws {SystemError} EEXIST if the file exists, EPERM without the privilege, ELOOP for a mount
   *   namespace that is not younger than the one it is to be mounted in
   * @see ip-netns(8), mount_namespaces(7)
   */
  pin(path: string): void {
    pinAt(this.fd, path);
  }

  /**
   * Undoes {@link pin}: unmounts and removes the file. Needs the same privilege.
   *
   * @throws {TypeError} if the mount at the path is not a namespace
   * @throws {SystemError} ENOENT, EPERM
   */
  static unpin(path: string): void {
    unpinAt(path);
  }

  /**
   * Runs a synchronous function with the calling thread in this namespace, and always comes back.
   * Objects that it creates stay in the namespace: a listening socket goes on listening in this network
   * namespace. Asynchronous work that it starts on libuv's pool (`fs.promises`, `dns.lookup`) runs outside.
   * May be nested.
   *
   * For uts, ipc, net and cgroup on any thread. For mount, only after `unshareDirectories()` on this
   * thread; the working directory inside is the namespace's root. For pid, it is children of `fn` that
   * are inside, and `fn` must not make Workers. Never for user and time: use spawn.
   *
   * Needs CAP_SYS_ADMIN in the user namespaces of the thread, of this namespace and of the one to come
   * back to; for mount also CAP_SYS_CHROOT. If `fn` gives them up, so that the thread cannot come back,
   * the process ends with a message, as by abort(3).
   *
   * @returns what `fn` returned
   * @throws what `fn` threw
   * @throws {TypeError} if `fn` is async, or returns a promise
   * @throws {SystemError} EPERM without the privilege; EINVAL (user, mount) and EUSERS (time) where a
   *   thread cannot enter. `fn` has not been called then.
   * @see setns(2), nsenter(1)
   */
  enter<Result>(fn: () => Result): Result {
    const { fd } = this;
    assertSynchronous(fn);
    const held = this.#held;
    held.thread ??= useThreadNamespace(this.type);
    this.#inside++;
    try {
      return enterInto(held.thread, fd, fn);
    } finally {
      if (--this.#inside === 0 && this.#closed) letGo(held);
    }
  }

  /**
   * Closes the handle. A second call does nothing. Inside an {@link enter} of this very handle, the descriptor
   * stays open until it is left.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#inside === 0) letGo(this.#held);
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As the kernel writes it: `net:[4026531840]`. */
  toString(): string {
    const { file } = namespaceTypes[this.type];
    return this.#closed && !this.#id ? `${file}:[closed]` : `${file}:[${this.id.ino}]`;
  }

  /** Returns the text that `console.log` shows. */
  [inspect](): string {
    return `Namespace ${this}${this.#closed ? ' (closed)' : ''}`;
  }
}

Object.defineProperty(Namespace.prototype, brand, { value: true });
