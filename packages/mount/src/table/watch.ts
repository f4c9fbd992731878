// Changes of a mount table as they happen.
import { closeSync } from 'node:fs';
import { Namespace } from '@ns/core';
import { closeFd, syscall, type Watch, watch as watchFd } from '@ns/core/sys';
import type { Place } from '../perform.js';
import { parseMountinfo } from './mountinfo.js';
import { openTable, readTable } from './read.js';
import { MountTable, type TableChange } from './table.js';

/** Options of {@link watch}. */
export interface WatchOptions extends Place {
  /** Ends the watch: the iteration throws the signal's reason. */
  signal?: AbortSignal;
}

const EPOLL_CTL_ADD = 1;
const EPOLLPRI = 2;
const EPOLL_CLOEXEC = 0o2000000;

/**
 * A descriptor that is readable when the table has changed. The table itself is always readable, and
 * says that it has changed only by POLLPRI, which event loops do not pass on.
 */
function openEvents(table: number): number {
  const epoll = syscall('epoll_create1', EPOLL_CLOEXEC);
  const size = process.arch === 'x64' ? 12 : 16; // packed there and only there
  const event = new DataView(new ArrayBuffer(size));
  event.setUint32(0, EPOLLPRI, true);
  try {
    syscall('epoll_ctl', epoll, EPOLL_CTL_ADD, table, event);
    return epoll;
  } catch (error) {
    closeFd(epoll);
    throw error;
  }
}

function pidOf({ in: place }: Place): number | undefined {
  if (Namespace.isNamespace(place)) {
    throw new TypeError('in must be the pid of a process here: a table is watched through /proc');
  }
  return place;
}

/**
 * The changes of a mount table, one after the other; see {@link watch}. Ends with `return()`, as at the
 * end of a `for await`, or {@link close}.
 */
export class MountWatch implements AsyncIterableIterator<TableChange>, Disposable {
  readonly #table: number;
  readonly #events: number;
  readonly #signal: AbortSignal | undefined;
  readonly #watch: Watch;
  // A change between the last look and the moment when the event loop first asks for events is not
  // announced: that asking takes it. So the first look is after that moment, which is in between two
  // immediates, wherever in the loop's round this is.
  readonly #begun = new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  #before: MountTable;
  #pending: TableChange[] = [];
  #due = true;
  #closed = false;
  #wake: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(options: WatchOptions) {
    const { signal } = options;
    signal?.throwIfAborted();
    this.#table = openTable(pidOf(options));
    try {
      this.#events = openEvents(this.#table);
    } catch (error) {
      closeSync(this.#table);
      throw error;
    }
    this.#before = this.#read();
    this.#watch = watchFd(this.#events, { readable: true }, () => {
      this.#due = true;
      this.#wake();
    });
    this.#watch.unref();
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  readonly #aborted = () => this.close();

  /** The next change. Rejects with the signal's reason when that fires. */
  next(): Promise<IteratorResult<TableChange, undefined>> {
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the watch. */
  return(): Promise<IteratorResult<TableChange, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the watch; again is no error. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#watch.close();
    closeFd(this.#events);
    closeSync(this.#table);
    this.#wake();
  }

  /** As {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<TableChange, undefined>> {
    await this.#begun;
    for (;;) {
      if (this.#signal?.aborted) throw this.#signal.reason;
      if (this.#closed) return { done: true, value: undefined };
      const value = this.#pending.shift();
      if (value) return { done: false, value };
      if (this.#due) this.#look();
      else await this.#wait();
    }
  }

  #wait(): Promise<void> {
    this.#watch.ref();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        if (!this.#closed) this.#watch.unref();
        resolve();
      };
    });
  }

  #read(): MountTable {
    return new MountTable(parseMountinfo(readTable(this.#table)));
  }

  #look(): void {
    this.#due = false;
    const after = this.#read();
    this.#pending = this.#before.diff(after);
    this.#before = after;
  }
}

/**
 * Watches a mount table, from the call on: mounts attached, detached, or changed in their options,
 * propagation or place. What is undone before one looks is not seen.
 *
 * @example
 * for await (const { kind, mount } of watch()) console.log(kind, mount.target);
 * @param options `in`: pid of a process in the namespace; default: that of the calling thread
 * @throws {SystemError} ENOENT without such a process, EACCES without the right to trace it
 * @see proc_pid_mountinfo(5)
 */
export function watch(options: WatchOptions = {}): MountWatch {
  return new MountWatch(options);
}
