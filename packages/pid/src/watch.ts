// Births and deaths in a pid namespace.
import { isSystemError, Namespace } from '@ns/core';
import { assertKeys, type NamespaceTarget, ownOptions } from '@ns/core/authors';
import { type Connector, openConnector } from './connector.js';
import { type ProcessExit, unknownExit } from './exit.js';
import { numberIn } from './numbering.js';
import { Pidfd } from './pidfd.js';
import { processes, withNamespace } from './processes.js';

/** Something that happened in a pid namespace. */
export type ProcessChange =
  | { readonly kind: 'birth'; readonly pid: number }
  | { readonly kind: 'death'; readonly pid: number; readonly exit: ProcessExit }
  /**
   * There are no descriptors left (EMFILE, ENFILE), so births may be missed. They are looked for again
   * in intervals, and those of processes that are still there then are told late.
   */
  | { readonly kind: 'lost'; readonly error: NodeJS.ErrnoException };

/** Options of {@link watchProcesses}. */
export interface WatchOptions {
  /** The pid namespace: a handle, or the pid of a process in it. Default: the calling process's. */
  in?: NamespaceTarget;
  /**
   * Milliseconds between two looks for new processes, where the kernel does not report them: outside
   * of the initial user, pid and network namespaces and, before Linux 6.6, without root.
   * Default: 100.
   */
  interval?: number;
}

/** A watch that goes on until it is closed. */
export interface ProcessWatch {
  /** Whether the kernel reports births. If not, short-lived processes may be missed. */
  readonly complete: boolean;
  /** Ends it; again is no error. */
  close(): void;
  /** As close, for `using`. */
  [Symbol.dispose](): void;
}

const INTERVAL = 100;
const INTERVAL_MAX = 0x7fff_ffff;

function outOfDescriptors(error: unknown): error is NodeJS.ErrnoException {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

class Watcher implements ProcessWatch {
  readonly #namespace: Namespace;
  readonly #listener: (change: ProcessChange) => void;
  readonly #known = new Map<number, Pidfd>();
  readonly #connector: Connector | undefined;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  #lost = false;
  #closed = false;

  constructor(namespace: Namespace, listener: (change: ProcessChange) => void, interval: number) {
    this.#namespace = namespace;
    this.#listener = listener;
    this.#interval = interval;
    this.#connector = openConnector((event) => {
      if (event.kind === 'birth') this.#attempt(() => this.#meet(event.pid, true));
      else if (event.kind === 'lost') this.#attempt(() => this.#look(true));
    });
    try {
      this.#look(false);
    } catch (error) {
      this.close();
      throw error;
    }
    if (!this.#connector) this.#lookAgain();
  }

  get complete(): boolean {
    return this.#connector !== undefined;
  }

  #look(tell: boolean): void {
    for (const { pid } of processes({ in: this.#namespace, descendants: true })) {
      this.#meet(pid, tell);
    }
    this.#lost = false;
  }

  #lookAgain(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#attempt(() => this.#look(true));
      if (!this.#closed && (this.#lost || !this.#connector)) this.#lookAgain();
    }, this.#interval);
  }

  /** Want of descriptors is told once, and is over when a look succeeds. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!outOfDescriptors(error)) throw error;
      this.#lookAgain();
      if (this.#lost) return;
      this.#lost = true;
      this.#listener({ kind: 'lost', error });
    }
  }

  #meet(pid: number, tell: boolean): void {
    if (this.#closed) return;
    const known = this.#known.get(pid);
    if (known?.alive) return;
    if (known) this.#known.delete(pid); // its death is on its way; the number is another's now
    let pidfd: Pidfd;
    try {
      pidfd = Pidfd.open(pid);
    } catch (error) {
      if (isSystemError(error, 'ESRCH')) return; // over already
      throw error;
    }
    try {
      if (numberIn(this.#namespace, pid) === null || !pidfd.alive) {
        pidfd.close();
        return;
      }
    } catch (error) {
      pidfd.close();
      throw error;
    }
    this.#known.set(pid, pidfd);
    if (tell) this.#listener({ kind: 'birth', pid });
    const died = (exit: ProcessExit) => {
      pidfd.close();
      if (this.#known.get(pid) === pidfd) this.#known.delete(pid);
      if (!this.#closed) this.#listener({ kind: 'death', pid, exit });
    };
    pidfd.exited.then(died, (error) => {
      // It has ended, and how takes a descriptor to know; or it was closed with the watch.
      if (outOfDescriptors(error)) died(unknownExit);
      else if (!this.#closed) throw error;
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#connector?.close();
    for (const pidfd of this.#known.values()) pidfd.close();
    this.#known.clear();
    this.#namespace.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Calls back for every process that is born or dies in a pid namespace and those further in. Births
 * are reported by the kernel where it does so, and looked for in intervals otherwise; deaths are always
 * reported. Keeps the event loop alive until it is closed.
 *
 * Each process costs a descriptor. When there are none left, the listener is told so (`lost`), and the
 * watch goes on.
 *
 * @throws {SystemError} EMFILE if there are more processes at the start than descriptors
 * @see pidfd_open(2)
 */
export function watchProcesses(
  listener: (change: ProcessChange) => void,
  options: WatchOptions = {},
): ProcessWatch {
  assertKeys(options, ['in', 'interval'], 'options');
  const { interval = INTERVAL, in: target } = ownOptions(options);
  if (typeof listener !== 'function') throw new TypeError('listener must be a function');
  if (!Number.isInteger(interval) || interval < 1 || interval > INTERVAL_MAX) {
    throw new RangeError(`interval must be a positive number of milliseconds: ${String(interval)}`);
  }
  const own = withNamespace(target, (namespace) => Namespace.fromFd(namespace.fd, 'pid'));
  try {
    return new Watcher(own, listener, interval);
  } catch (error) {
    own.close();
    throw error;
  }
}
