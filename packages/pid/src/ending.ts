// The wait for the end of a process behind a pidfd, on the event loop.
import { type Watch, watch } from '@ns/core/sys';
import { type ProcessExit, unknownExit } from './exit.js';

// A zombie that belongs to another user says nothing until it has been reaped; its parent does that
// soon, or never.
const ATTEMPTS = 20;
const INTERVAL = 10;

/** A wait for the end. */
export class Ending {
  readonly promise: Promise<ProcessExit>;
  readonly #look: () => ProcessExit | undefined;
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #held = true;
  #settle: { resolve: (exit: ProcessExit) => void; reject: (error: Error) => void };

  /** @param look tells how the process ended, once that is known */
  constructor(fd: number, look: () => ProcessExit | undefined) {
    this.#look = look;
    this.#settle = { resolve: () => {}, reject: () => {} };
    this.promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever closes the handle without having asked for the promise has nothing to catch.
    this.promise.catch(() => {});
    this.#watch = watch(fd, { readable: true }, () => {
      this.#stopWatching();
      this.#attempt(ATTEMPTS);
    });
  }

  #stopWatching(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #attempt(left: number): void {
    let exit: ProcessExit | undefined;
    try {
      exit = this.#look() ?? (left === 0 ? unknownExit : undefined);
    } catch (error) {
      this.#settle.reject(error as Error);
      return;
    }
    if (exit !== undefined) {
      this.#settle.resolve(exit);
      return;
    }
    this.#timer = setTimeout(() => this.#attempt(left - 1), INTERVAL);
    if (!this.#held) this.#timer.unref();
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
    this.#stopWatching();
    clearTimeout(this.#timer);
    this.#settle.reject(new Error('the pidfd was closed before the process ended'));
  }
}
