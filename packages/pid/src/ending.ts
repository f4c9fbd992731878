// The wait for the end of a process behind a pidfd, on the event loop.
import { SystemError } from '@ns/core';
import { closeFd, O_CLOEXEC, syscall, trySyscall, type Watch, watch } from '@ns/core/sys';
import { type ProcessExit, unknownExit } from './exit.js';

const EPOLL_CTL_ADD = 1;
const ENFILE = 23;
const EMFILE = 24;
// A zombie that belongs to another user says nothing until it has been reaped, which its parent does
// soon, or never. So that is waited for only so long, in milliseconds.
const PATIENCE = 1000;

/** A wait for the end. */
export class Ending {
  readonly promise: Promise<ProcessExit>;
  readonly #fd: number;
  readonly #look: () => ProcessExit | undefined;
  #watch: Watch | undefined;
  #epoll = -1;
  #timer: NodeJS.Timeout | undefined;
  #held = true;
  #settle: { resolve: (exit: ProcessExit) => void; reject: (error: unknown) => void };

  /** @param look tells how the process ended, once that is known */
  constructor(fd: number, look: () => ProcessExit | undefined) {
    this.#fd = fd;
    this.#look = look;
    this.#settle = { resolve: () => {}, reject: () => {} };
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever closes the handle without having asked for the promise has nothing to catch.
    this.promise.catch(() => {});
    this.#watch = watch(fd, { readable: true }, () => this.#attempt(false));
  }

  /** Looks how it ended; if that is not told yet, waits until it has been reaped. */
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
   * instance that asks for nothing else is what becomes readable then. Without a descriptor to spare
   * for it, only the time passes.
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
    this.#timer = setTimeout(() => this.#attempt(true), PATIENCE);
    if (!this.#held) this.unref();
  }

  #stop(): void {
    this.#watch?.close();
    this.#watch = undefined;
    clearTimeout(this.#timer);
    if (this.#epoll >= 0) closeFd(this.#epoll);
    this.#epoll = -1;
  }

  ref(): void {
    this.#held = true;
    this.#watch?.ref();
    this.#timer?.ref();
  }

  unref(): void {
    this.#held = false;
    this.#watch?.unref();
    this.#timer?.unref();
  }

  /** Gives the wait up. */
  cancel(): void {
    this.#stop();
    this.#settle.reject(new Error('the pidfd was closed before the process ended'));
  }
}
