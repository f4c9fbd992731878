// Pidfd: a process by a descriptor, which never turns to another process that got the same number.
import { Namespace, type NamespaceType, SystemError } from '@ns/core';
import { assertKeys, ownOptions, signalNumber } from '@ns/core/authors';
import { assertFd, closeFd, duplicate, syscall, trySyscall } from '@ns/core/sys';
import { Ending } from './ending.js';
import { exitOf, type ProcessExit } from './exit.js';
import { type ProcessInfo, pidOfPidfd, processInfo } from './info.js';
import { assertPid } from './numbers.js';

const ESRCH = 3;
const EINTR = 4;
const EINVAL = 22;
const WAIT_MAX = 0x7fff_ffff;
/** PIDFD_THREAD, which is O_EXCL. */
const PIDFD_THREAD = 0o200;

/** Whom {@link Pidfd.signal} reaches. */
export type SignalScope = 'process' | 'thread' | 'process-group';

const SCOPES: Readonly<Record<SignalScope, number>> = {
  process: 2,
  thread: 1,
  'process-group': 4,
};

/** Options of {@link Pidfd.open}. */
export interface PidfdOptions {
  /** The number is a thread's, and the descriptor stands for that thread. Linux 6.9. Default: false. */
  thread?: boolean;
}

/** Options of {@link Pidfd.signal}. */
export interface SignalOptions {
  /**
   * Whom the signal reaches: the process; only the thread that the descriptor stands for; or the
   * process group that it leads. The latter two: Linux 6.9. Default: the process, or the thread for
   * a thread's descriptor.
   */
  scope?: SignalScope;
}

/**
 * A process, by a descriptor: it always means the process that it was opened for, also when that
 * one has ended and its number belongs to another. Close it with {@link close} or `using`.
 *
 * Waiting for {@link exited} keeps the event loop alive until the process ends; see {@link unref}.
 *
 * @example
 * using daemon = Pidfd.open(4711);
 * daemon.signal('SIGTERM');
 * const { code, signal } = await daemon.exited;
 * @see pidfd_open(2)
 */
export class Pidfd {
  readonly #fd: number;
  #closed = false;
  #ending: Ending | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Opens the process that has this number now, in the caller's pid namespace. The number of one's
   * own child that nobody has reaped is certain; any other may have been given to a new process.
   *
   * @throws {SystemError} ESRCH if there is none, EINVAL or ENOENT if it is a thread's number and
   *   `thread` is not set
   * @see pidfd_open(2)
   */
  static open(pid: number, options: PidfdOptions = {}): Pidfd {
    assertPid(pid, 'pid');
    assertKeys(options, ['thread'], 'options');
    const { thread = false } = ownOptions(options);
    if (typeof thread !== 'boolean') throw new TypeError(`thread must be a boolean: ${thread}`);
    return new Pidfd(syscall('pidfd_open', pid, thread ? PIDFD_THREAD : 0));
  }

  /**
   * The process behind a descriptor that stays the caller's, such as the `pidfd` of a spawned
   * process: this object has a duplicate.
   *
   * @throws {TypeError} if it is no pidfd
   */
  static fromFd(fd: number): Pidfd {
    assertFd(fd);
    const copy = duplicate(fd);
    try {
      pidOfPidfd(copy);
      return new Pidfd(copy);
    } catch (error) {
      closeFd(copy);
      throw error;
    }
  }

  /** The descriptor, for system calls. It stays this object's. */
  get fd(): number {
    if (this.#closed) throw new Error('the pidfd is closed');
    return this.#fd;
  }

  /** Whether it has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The number of the process in the caller's pid namespace; null once it has been reaped, or if it
   * is in a namespace that is not visible from there.
   */
  get pid(): number | null {
    const pid = pidOfPidfd(this.fd);
    return pid > 0 ? pid : null;
  }

  /** Whether the process has not ended yet. A zombie has. */
  get alive(): boolean {
    return !this.poll();
  }

  /**
   * Whether the process has ended, waiting for that at most so long. Blocks the thread; to wait
   * without that there is {@link exited}.
   *
   * @param milliseconds Default: 0, which does not wait.
   * @throws {RangeError} for a length of time that is none
   * @see poll(2)
   */
  poll(milliseconds = 0): boolean {
    if (!Number.isInteger(milliseconds) || milliseconds < 0 || milliseconds > WAIT_MAX) {
      throw new RangeError(`milliseconds must be a whole number from 0: ${String(milliseconds)}`);
    }
    const poll = new DataView(new ArrayBuffer(8));
    poll.setInt32(0, this.fd, true);
    poll.setInt16(4, 1 /* POLLIN */, true);
    const deadline = performance.now() + milliseconds;
    for (let left = milliseconds; ; left = Math.max(0, Math.ceil(deadline - performance.now()))) {
      const time = new BigInt64Array([
        BigInt(Math.floor(left / 1000)),
        BigInt(left % 1000) * 1_000_000n,
      ]);
      const result = trySyscall('ppoll', poll, 1, time, null, 0);
      if (result >= 0) return result > 0;
      if (result !== -EINTR) throw new SystemError(-result, 'ppoll', [this.fd, milliseconds]);
    }
  }

  /**
   * Sends a signal; 0 only asks whether it could be sent.
   *
   * @returns false if the process has ended and been reaped
   * @throws {SystemError} EPERM without the right to signal it, EINVAL for a scope before Linux 6.9
   * @see pidfd_send_signal(2)
   */
  signal(signal: NodeJS.Signals | number, options: SignalOptions = {}): boolean {
    const number = signalNumber(signal);
    assertKeys(options, ['scope'], 'options');
    const { scope } = ownOptions(options);
    if (scope !== undefined && !Object.hasOwn(SCOPES, scope)) {
      throw new TypeError(`scope must be one of ${Object.keys(SCOPES).join(', ')}: ${scope}`);
    }
    const flags = scope === undefined ? 0 : SCOPES[scope];
    let result = trySyscall('pidfd_send_signal', this.fd, number, null, flags);
    if (result === -EINVAL && scope === 'process') {
      // Before Linux 6.9 there are no other pidfds than those of processes.
      result = trySyscall('pidfd_send_signal', this.fd, number, null, 0);
    }
    if (result === -ESRCH) return false;
    if (result < 0) {
      throw new SystemError(-result, 'pidfd_send_signal', [this.fd, number, null, flags]);
    }
    return true;
  }

  /**
   * What the kernel knows about the process: ids, credentials, cgroup.
   *
   * @throws {SystemError} ESRCH once it has been reaped
   */
  info(): ProcessInfo {
    return processInfo(this.fd);
  }

  /**
   * Its end: how it ended, as far as the kernel tells the caller. Nothing is reaped by this. Rejects
   * if the object is closed first.
   */
  get exited(): Promise<ProcessExit> {
    this.#ending ??= new Ending(this.fd, () => exitOf(this.#fd));
    return this.#ending.promise;
  }

  /** Keeps the event loop alive while {@link exited} is waited for (the default). */
  ref(): this {
    this.#ending?.ref();
    return this;
  }

  /** Lets the event loop end although {@link exited} is waited for. */
  unref(): this {
    void this.exited;
    this.#ending?.unref();
    return this;
  }

  /**
   * A duplicate of a descriptor of that process, close-on-exec; it belongs to the caller.
   *
   * Needs the right to trace the process. Linux 5.6.
   *
   * @throws {SystemError} EPERM, EBADF if the process has no such descriptor, ESRCH
   * @see pidfd_getfd(2)
   */
  getfd(fd: number): number {
    assertFd(fd);
    return syscall('pidfd_getfd', this.fd, fd, 0);
  }

  /**
   * A handle of one of its namespaces, and never of another process's.
   *
   * @throws {SystemError} ESRCH, EACCES without the right to trace it
   * @see ioctl_pidfd(2)
   */
  namespace(type: NamespaceType, options: { forChildren?: boolean } = {}): Namespace {
    return Namespace.fromPidfd(this.fd, type, options);
  }

  /** Closes the descriptor; again is no error. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending?.cancel();
    closeFd(this.#fd);
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
