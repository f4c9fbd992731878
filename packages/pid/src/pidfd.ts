// Pidfd: a process by a descriptor, which stays that process when its pid is reused.
import {
  type Duration,
  Namespace,
  type NamespaceType,
  type SignalName,
  SystemError,
} from '@ns/core';
import { type Members, parse, signalNumber } from '@ns/core/authors';
import { assertFd, closeFd, duplicate, syscall, trySyscall } from '@ns/core/sys';
import { ExitWait } from './exit-wait.js';
import { exitOf, type ProcessExit } from './pidfd-exit.js';
import { type ProcessInfo, pidOfPidfd, processInfo } from './pidfd-info.js';

const ESRCH = 3;
const EINTR = 4;
const EINVAL = 22;
/** PIDFD_THREAD, which is O_EXCL. */
const PIDFD_THREAD = 0o200;

/** The processes that {@link Pidfd.signal} reaches. */
export type SignalScope = 'process' | 'thread' | 'process-group';

const SCOPES: Readonly<Record<SignalScope, number>> = {
  process: 2,
  thread: 1,
  'process-group': 4,
};

/** Options of {@link Pidfd.open}. */
export interface PidfdOptions {
  /** Opens the thread that has this number, instead of a process. Linux 6.9. Default: false. */
  thread?: boolean | undefined;
}

const parseOpen = parse.options({
  thread: parse.withDefault(parse.boolean, false),
} satisfies Members<PidfdOptions>);

/** Options of {@link Pidfd.signal}. */
export interface SignalOptions {
  /**
   * The receiver: the process, the thread of the descriptor, or the process group that the process
   * leads. The latter two: Linux 6.9. Default: the process, or the thread for a thread's descriptor.
   */
  scope?: SignalScope | undefined;
}

const parseSignal = parse.options({
  scope: parse.oneOf('process', 'thread', 'process-group'),
} satisfies Members<SignalOptions>);

/** Options of {@link Pidfd.namespace}. */
export interface NamespaceOptions {
  /** Opens the namespace that new children of the process are in. Default: false. */
  forChildren?: boolean | undefined;
}

const parseNamespace = parse.options({
  forChildren: parse.withDefault(parse.boolean, false),
} satisfies Members<NamespaceOptions>);

/**
 * A process, by a descriptor. It stays the process that was opened, also when that has ended and its
 * pid belongs to another. Close it with {@link close} or `using`.
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
  #ending: ExitWait | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Opens the process that has this pid now, in the caller's pid namespace. The pid of a child that
   * has not been reaped is certain; any other may have been given to a new process.
   *
   * @throws {SystemError} ESRCH if it does not exist, EINVAL or ENOENT for a thread without
   *   the option `thread`
   * @see pidfd_open(2)
   */
  static open(pid: number, options: PidfdOptions = {}): Pidfd {
    parse.pid(pid, 'pid');
    const { thread } = parseOpen(options);
    return new Pidfd(syscall('pidfd_open', pid, thread ? PIDFD_THREAD : 0));
  }

  /**
   * Returns the process behind a pidfd, such as the `pidfd` of a spawned process. The object has a
   * duplicate: the caller still closes its own descriptor.
   *
   * @throws {TypeError} if the descriptor is not a pidfd
   */
  static fromFd(fd: number): Pidfd {
    if (typeof fd !== 'number') parse.refuse('fd', 'a descriptor', fd);
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

  /** The descriptor, for system calls. This object closes it. */
  get fd(): number {
    if (this.#closed) throw new Error('the pidfd is closed');
    return this.#fd;
  }

  /** True once the descriptor has been closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The pid of the process in the caller's pid namespace; null once it has been reaped, or if its
   * namespace is invisible to the caller.
   */
  get pid(): number | null {
    const pid = pidOfPidfd(this.fd);
    return pid > 0 ? pid : null;
  }

  /** True while the process runs. A zombie has ended. */
  get alive(): boolean {
    return !this.poll();
  }

  /**
   * Returns true if the process has ended, after a wait of at most this time. Blocks the thread;
   * {@link exited} waits on the event loop.
   *
   * @param time Default: 0, which does not wait.
   * @throws {RangeError} for a negative duration
   * @see poll(2)
   */
  poll(time: Duration = 0): boolean {
    const milliseconds = Math.ceil(parse.microseconds(time, 'time') / 1000);
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
   * Sends a signal; 0 only checks the right to send one.
   *
   * @returns false if the process has ended and been reaped
   * @throws {SystemError} EPERM without the right to signal it, EINVAL for a scope before Linux 6.9
   * @see pidfd_send_signal(2)
   */
  signal(signal: SignalName | number, options: SignalOptions = {}): boolean {
    const number = signalNumber(signal);
    const { scope } = parseSignal(options);
    const flags = scope === undefined ? 0 : SCOPES[scope];
    let result = trySyscall('pidfd_send_signal', this.fd, number, null, flags);
    if (result === -EINVAL && scope === 'process') {
      // Before Linux 6.9 all pidfds are those of processes.
      result = trySyscall('pidfd_send_signal', this.fd, number, null, 0);
    }
    if (result === -ESRCH) return false;
    if (result < 0) {
      throw new SystemError(-result, 'pidfd_send_signal', [this.fd, number, null, flags]);
    }
    return true;
  }

  /**
   * Returns ids, credentials and cgroup of the process.
   *
   * @throws {SystemError} ESRCH once it has been reaped
   */
  info(): ProcessInfo {
    return processInfo(this.fd);
  }

  /**
   * A promise of the exit of the process, which is not reaped. Rejects if the object is closed first.
   */
  get exited(): Promise<ProcessExit> {
    this.#ending ??= new ExitWait(this.fd, () => exitOf(this.#fd));
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
   * Returns a duplicate of a descriptor of the process, close-on-exec. The caller closes it.
   *
   * Needs the right to trace the process. Linux 5.6.
   *
   * @throws {SystemError} EPERM, EBADF if the process lacks the descriptor, ESRCH
   * @see pidfd_getfd(2)
   */
  getfd(fd: number): number {
    if (typeof fd !== 'number') parse.refuse('fd', 'a descriptor', fd);
    assertFd(fd);
    return syscall('pidfd_getfd', this.fd, fd, 0);
  }

  /**
   * Returns a handle of a namespace of the process, which is safe from a reused pid.
   *
   * @throws {SystemError} ESRCH, EACCES without the right to trace it
   * @see ioctl_pidfd(2)
   */
  namespace(type: NamespaceType, options: NamespaceOptions = {}): Namespace {
    const { forChildren } = parseNamespace(options);
    return Namespace.fromPidfd(this.fd, type, { forChildren });
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending?.cancel();
    closeFd(this.#fd);
  }

  /** Closes the descriptor, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the descriptor, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
