// The wait for the end of a process behind a pidfd, on the event loop.
import { SystemError } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall, trySyscall, type Watch, watch } from '@ns/core/sys';
import { type ProcessExit, unknownExit } from './pidfd-exit.js';

const EPOLL_CTL_ADD = 1;
const ENFILE = 23;
const EMFILE = 24;
// The exit of another user's zombie is hidden until its parent reaps it, soon or never. The longest
// wait for that, in milliseconds.
const REAPING_WAIT = 1000;

/** A wait for the end of a process. */
export class ExitWait {
  readonly promise: Promise<ProcessExit>;
  readonly #fd: number;
  readonly #look: () => ProcessExit | undefined;
  #watch: Watch | undefined;
  #epoll = -1;
  #timer: NodeJS.Timeout | undefined;
  #isReferenced = true;
  #settle: { resolve: (exit: ProcessExit) => void; reject: (error: unknown) => void };

  /** @param look returns the exit of the process, once it is known */
  constructor(fd: number, look: () => ProcessExit | undefined) {
    this.#fd = fd;
    this.#look = look;
    this.#settle = { resolve: () => {}, reject: () => {} };
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // A caller that closes the handle may never have read the promise.
    this.promise.catch(() => {});
    this.#watch = watch(fd, { readable: true }, () => this.#attempt(false));
  }

  /** Reads the exit; if it is hidden, waits until the process has been reaped. */
  #attempt(last: boolean): void {
    this.#stop();
    try {
      const exit = this.#look() ?? (last ? unknownExit : undefined);
      if (exit === undefined) this.#awaitReaping();
      else this.#settle.resolve(exit);
    } catch (error) {
      this.#stop();
      this.#settle.reject(error);
    }
  }

  /**
   * The pidfd of a reaped process hangs up (Linux 6.9). It is readable all the while, so an epoll
   * instance that waits for nothing else becomes readable then. Without a descriptor for it, only the
   * timer ends the wait.
   */
  #awaitReaping(): void {
    const epoll = trySyscall('epoll_create1', O_CLOEXEC);
    if (epoll >= 0) {
      this.#epoll = epoll;
      syscall('epoll_ctl', epoll, EPOLL_CTL_ADD, this.#fd, new Uint8Array(16));
      this.#watch = watch(epoll, { readable: true }, () => this.#attempt(true));
    } else if (epoll !== -EMFILE && epoll !== -ENFILE) {
      throw new SystemError(-epoll, 'epoll_create1', [O_CLOEXEC]);
    }
    this.#timer = setTimeout(() => this.#attempt(true), REAPING_WAIT);
    if (!this.#isReferenced) this.unref();
  }

  #stop(): void {
    this.#watch?.close();
    this.#watch = undefined;
    clearTimeout(this.#timer);
    if (this.#epoll >= 0) closeFd(this.#epoll);
    this.#epoll = -1;
  }

  ref(): void {
    this.#isReferenced = true;
    this.#watch?.ref();
    this.#timer?.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#watch?.unref();
    this.#timer?.unref();
  }

  /** Ends the wait: the promise rejects. */
  cancel(): void {
    this.#stop();
    this.#settle.reject(new Error('the pidfd was closed before the process ended'));
  }
}
