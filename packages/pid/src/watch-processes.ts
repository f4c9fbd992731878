// Births and deaths in a pid namespace.
import type { Duration, InOptions } from '@ns/core';
import { isSystemError, Namespace, Watch, type WatchSource } from '@ns/core';
import { inNamespace, type Members, type Parser, parse } from '@ns/core/authors';
import { type Connector, openConnector } from './connector.js';
import { listIn, withNamespace } from './list-processes.js';
import { numberIn } from './numbers-in-namespace.js';
import { Pidfd } from './pidfd.js';
import { type ProcessExit, unknownExit } from './pidfd-exit.js';

/** A change in a pid namespace. Pids are those of the caller's namespace. */
export type ProcessChange =
  | { readonly kind: 'birth'; readonly pid: number }
  | { readonly kind: 'death'; readonly pid: number; readonly exit: ProcessExit }
  /**
   * No descriptors are left (EMFILE, ENFILE), so that births may be missed. The watch looks again in
   * intervals, and reports late the births of processes that are still there.
   */
  | { readonly kind: 'lost'; readonly error: NodeJS.ErrnoException };

/** Options of {@link watchProcesses}. */
export interface WatchOptions extends InOptions {
  /**
   * Time between two looks for new processes, where the kernel does not report them: outside of the
   * initial user, pid and network namespaces and, before Linux 6.6, without root. Default: 100 ms.
   */
  interval?: Duration | undefined;
  /** Ends the watch: its reader gets an AbortError. */
  signal?: AbortSignal | undefined;
}

const interval: Parser<number> = (value, name) => {
  const milliseconds = parse.timeout(value, name);
  return milliseconds > 0 ? milliseconds : parse.outOfRange(name, 'a positive duration', value);
};

const parseWatch = parse.options({
  in: inNamespace('pid'),
  interval: parse.withDefault(interval, 100),
  signal: parse.abortSignal,
} satisfies Members<WatchOptions>);

function isOutOfDescriptors(error: unknown): error is NodeJS.ErrnoException {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** The processes of a namespace and their changes. */
class ProcessSource implements WatchSource<ProcessChange> {
  readonly #namespace: Namespace;
  readonly #wake: () => void;
  readonly #known = new Map<number, Pidfd>();
  readonly #connector: Connector | undefined;
  readonly #interval: number;
  /** Keeps the event loop alive while a reader waits; the pidfds and timers never do. */
  readonly #keepAlive = setInterval(() => {}, parse.LONGEST_WAIT).unref();
  #changes: ProcessChange[] = [];
  #failure: { readonly error: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLost = false;
  #isClosed = false;

  /** @param namespace a handle, which the source closes */
  constructor(namespace: Namespace, interval: number, wake: () => void) {
    this.#namespace = namespace;
    this.#interval = interval;
    this.#wake = wake;
    try {
      this.#connector = openConnector((event) => {
        if (event.kind === 'birth') this.#attempt(() => this.#meet(event.pid, true));
        else if (event.kind === 'lost') this.#attempt(() => this.#look(true));
      });
      this.#connector?.unref();
      this.#look(false);
    } catch (error) {
      this.close();
      throw error;
    }
    if (!this.#connector) this.#lookAgain();
  }

  get isComplete(): boolean {
    return this.#connector !== undefined;
  }

  take(): readonly ProcessChange[] | undefined {
    if (this.#changes.length > 0) return this.#changes.splice(0);
    if (this.#failure) throw this.#failure.error;
    // The init of a namespace lives until its end, so that without processes the namespace has ended.
    return this.#known.size > 0 ? [] : undefined;
  }

  ref(): void {
    this.#keepAlive.ref();
  }

  unref(): void {
    this.#keepAlive.unref();
  }

  #report(change: ProcessChange): void {
    this.#changes.push(change);
    this.#wake();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  #look(isReported: boolean): void {
    for (const { pid } of listIn(this.#namespace, true)) this.#meet(pid, isReported);
    this.#isLost = false;
  }

  #lookAgain(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#attempt(() => this.#look(true));
      if (this.#isLost || !this.#connector) this.#lookAgain();
    }, this.#interval).unref();
  }

  /** Runs an action. A lack of descriptors is reported once, until a look succeeds. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!isOutOfDescriptors(error)) {
        this.#fail(error);
        return;
      }
      this.#lookAgain();
      if (this.#isLost) return;
      this.#isLost = true;
      this.#report({ kind: 'lost', error });
    }
  }

  #meet(pid: number, isReported: boolean): void {
    if (this.#isClosed) return;
    const known = this.#known.get(pid);
    if (known?.alive) return;
    if (known) this.#known.delete(pid); // its death is about to be reported; the number is reused
    const pidfd = this.#openMember(pid);
    if (pidfd === undefined) return;
    this.#known.set(pid, pidfd);
    pidfd.unref();
    if (isReported) this.#report({ kind: 'birth', pid });
    const died = (exit: ProcessExit) => {
      pidfd.close();
      if (this.#known.get(pid) === pidfd) this.#known.delete(pid);
      if (!this.#isClosed) this.#report({ kind: 'death', pid, exit });
    };
    pidfd.exited.then(died, (error) => {
      // To read how it ended takes a descriptor. Without one, only its end is known.
      if (isOutOfDescriptors(error)) died(unknownExit);
      else if (!this.#isClosed) this.#fail(error);
    });
  }

  /** Opens a process if it is alive and in the namespace. */
  #openMember(pid: number): Pidfd | undefined {
    let pidfd: Pidfd;
    try {
      pidfd = Pidfd.open(pid);
    } catch (error) {
      if (isSystemError(error, 'ESRCH')) return undefined; // it has ended
      throw error;
    }
    try {
      if (numberIn(this.#namespace, pid) !== null && pidfd.alive) return pidfd;
    } catch (error) {
      pidfd.close();
      throw error;
    }
    pidfd.close();
    return undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#keepAlive);
    this.#connector?.close();
    for (const pidfd of this.#known.values()) pidfd.close();
    this.#known.clear();
    this.#namespace.close();
  }
}

/** A watch of the processes in a pid namespace. */
export class ProcessWatch extends Watch<ProcessChange> {
  /** True if the kernel reports births. If it is false, short-lived processes may be missed. */
  readonly complete: boolean;

  /** @internal */
  constructor(namespace: Namespace, interval: number, signal: AbortSignal | undefined) {
    let isComplete = false;
    super((wake) => {
      const source = new ProcessSource(namespace, interval, wake);
      isComplete = source.isComplete;
      return source;
    }, signal);
    this.complete = isComplete;
  }
}

/**
 * Watches a pid namespace and those further in: every process that is born or dies is an event. Births
 * are reported by the kernel where it does so, and looked for in intervals otherwise. Deaths are always
 * reported. The watch ends with the namespace, and at once if the caller cannot see it.
 *
 * Each process costs a descriptor. When none are left, the watch reports it (`lost`) and goes on.
 *
 * @throws {SystemError} EMFILE if there are more processes at the start than descriptors
 * @see pidfd_open(2)
 * @example for await (const { kind, pid } of watchProcesses({ in: child.pid })) console.log(kind, pid);
 */
export function watchProcesses(options: WatchOptions = {}): ProcessWatch {
  const { in: target, interval, signal } = parseWatch(options);
  const held = withNamespace(target, (namespace) => Namespace.fromFd(namespace.fd, 'pid'));
  try {
    return new ProcessWatch(held, interval, signal);
  } catch (error) {
    held.close();
    throw error;
  }
}
