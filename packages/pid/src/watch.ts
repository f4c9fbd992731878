// Births and deaths in a pid namespace.
import { isSystemError, Namespace, type NamespaceTarget } from '@ns/core';
import { type Connector, openConnector } from './connector.js';
import type { ProcessExit } from './exit.js';
import { numberIn } from './numbering.js';
import { Pidfd } from './pidfd.js';
import { processes, withNamespace } from './processes.js';

/** Something that happened in a pid namespace. */
export type ProcessChange =
  | { readonly kind: 'birth'; readonly pid: number }
  | { readonly kind: 'death'; readonly pid: number; readonly exit: ProcessExit };

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

class Watcher implements ProcessWatch {
  readonly #namespace: Namespace;
  readonly #listener: (change: ProcessChange) => void;
  readonly #known = new Map<number, Pidfd>();
  readonly #connector: Connector | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(namespace: Namespace, listener: (change: ProcessChange) => void, interval: number) {
    this.#namespace = namespace;
    this.#listener = listener;
    this.#connector = openConnector((event) => {
      if (event.kind === 'birth') this.#meet(event.pid, true);
      else if (event.kind === 'lost') this.#look(true);
    });
    if (!this.#connector) this.#timer = setInterval(() => this.#look(true), interval);
    try {
      this.#look(false);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get complete(): boolean {
    return this.#connector !== undefined;
  }

  #look(tell: boolean): void {
    for (const { pid } of processes({ in: this.#namespace, descendants: true })) {
      this.#meet(pid, tell);
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
    if (numberIn(this.#namespace, pid) === null || !pidfd.alive) {
      pidfd.close();
      return;
    }
    this.#known.set(pid, pidfd);
    if (tell) this.#listener({ kind: 'birth', pid });
    pidfd.exited.then(
      (exit) => {
        if (this.#known.get(pid) === pidfd) this.#known.delete(pid);
        pidfd.close();
        if (!this.#closed) this.#listener({ kind: 'death', pid, exit });
      },
      () => {
        // closed with the watch
      },
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
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
 * Each process costs a descriptor.
 *
 * @throws {SystemError} EMFILE for more processes than the limit of descriptors
 * @see pidfd_open(2)
 */
export function watchProcesses(
  listener: (change: ProcessChange) => void,
  options: WatchOptions = {},
): ProcessWatch {
  const { interval = INTERVAL } = options;
  if (typeof listener !== 'function') throw new TypeError('listener must be a function');
  if (!Number.isInteger(interval) || interval < 1 || interval > INTERVAL_MAX) {
    throw new RangeError(`interval must be a positive number of milliseconds: ${String(interval)}`);
  }
  const own = withNamespace(options.in, (namespace) => Namespace.fromFd(namespace.fd, 'pid'));
  try {
    return new Watcher(own, listener, interval);
  } catch (error) {
    own.close();
    throw error;
  }
}
