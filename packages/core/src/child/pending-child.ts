// A child between clone and exec of its command.
import type { Layout } from '../program/layout.js';
import { closeFd } from '../sys/fd.js';
import { syscall } from '../sys/syscall.js';
import { type Exit, isChild } from '../sys/wait.js';
import { killAndReap, killAndReapPid } from './kill-and-reap.js';

/** Follows one child through a second clone, and ends it if its command cannot be run. */
export class PendingChild {
  #pid: number;
  #pidfd: number;
  readonly #first: number;
  #isFirstThere = true;
  readonly #layout: Layout;

  constructor(pid: number, layout: Layout) {
    this.#pid = pid;
    this.#first = pid;
    this.#pidfd = layout.pidfd;
    this.#layout = layout;
  }

  get pid(): number {
    return this.#pid;
  }

  get pidfd(): number {
    return this.#pidfd;
  }

  /** Turns to the process that took the first one's place in a joined pid namespace. */
  follow(): void {
    const replacement = this.#replacement();
    if (replacement === undefined) return;
    // Race-free: it is a child, and only the caller reaps it.
    const pidfd = syscall('pidfd_open', replacement, 0);
    closeFd(this.#pidfd);
    this.#pidfd = pidfd;
    this.#pid = replacement;
  }

  /**
   * Pid of the process that has taken the place of the one that is followed, if one has. The child says
   * so in the job's memory, so it is checked to be a child before anything is done to it (SECURITY.md S4).
   */
  #replacement(): number | undefined {
    const { replacement } = this.#layout;
    if (replacement <= 0 || replacement === this.#pid) return undefined;
    return isChild(replacement) ? replacement : undefined;
  }

  /**
   * Reaps the process that made way. All that it still has to do is to end; it is killed, because a
   * joined container could have stopped it.
   */
  reapFirst(): void {
    if (this.#pid === this.#first || !this.#isFirstThere) return;
    this.#isFirstThere = false;
    killAndReapPid(this.#first);
  }

  /** Ends and reaps what there is, whatever it takes no descriptor for; tells how it ended. */
  end(): Exit | undefined {
    const exit = killAndReap(this.#pidfd);
    this.reapFirst();
    // Only now is it certain whether another has taken its place. By its number, which is its own
    // until we reap it: there may be no descriptor left to open.
    const replacement = this.#replacement();
    return replacement === undefined ? exit : killAndReapPid(replacement);
  }
}
