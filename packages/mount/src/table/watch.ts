// Changes of a mount table as they happen.
import { assertKeys, ownOptions } from '@ns/core/authors';
import { assertPlace, type Place } from '../perform.js';
import { anyChanges } from './reported.js';
import type { ChangeSource, OpenSource } from './source.js';
import type { TableChange } from './table.js';

/** Options of {@link watch}. */
export interface WatchOptions extends Place {
  /** Ends the watch: the iteration throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The changes of a mount table, one after the other; see {@link watch}. Ends with `return()`, as at the
 * end of a `for await`, or {@link close}.
 */
export class MountWatch implements AsyncIterableIterator<TableChange>, Disposable {
  readonly #source: ChangeSource;
  readonly #signal: AbortSignal | undefined;
  // A change between the last look and the moment when the event loop first asks for events is not
  // announced: that asking takes it. So the first look is after that moment, which is in between two
  // immediates, wherever in the loop's round this is.
  readonly #begun = new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  #pending: TableChange[] = [];
  #closed = false;
  #wake: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(options: WatchOptions, open: OpenSource) {
    const { signal, ...place } = ownOptions(options);
    signal?.throwIfAborted();
    this.#source = open(place, () => this.#wake());
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
    this.#source.close();
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
      if (this.#pending.length === 0) this.#pending = this.#source.take().reverse();
      const value = this.#pending.pop();
      if (value) return { done: false, value };
      await this.#wait();
    }
  }

  #wait(): Promise<void> {
    this.#source.ref();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        if (!this.#closed) this.#source.unref();
        resolve();
      };
    });
  }
}

/**
 * Watches a mount table, from the call on: mounts attached, detached, or changed in their options,
 * propagation or place. What is undone before one looks is not seen; of a changed propagation, and of
 * a directory renamed above a mount, the kernel does not tell, so they are seen with the next change.
 *
 * With Linux 6.15 and CAP_SYS_ADMIN over the namespace the kernel itself tells which mounts have come
 * and gone, and only those are asked for; else, and for changes of options and propagation, tables
 * are compared whenever the kernel says that there is a change. The answers are the same, but for
 * `uniqueId`, which only the first way has.
 *
 * @example
 * for await (const { kind, mount } of watch()) console.log(kind, mount.target);
 * @param options `in`: a handle of the namespace, or the pid of a process in it, whose root directory
 *   the targets then begin at; default: that of the calling thread
 * @throws {SystemError} ENOENT without such a process; for a handle, as for entering it
 * @see fanotify(7), proc_pid_mountinfo(5)
 */
export function watch(options: WatchOptions = {}): MountWatch {
  assertKeys(options, ['in', 'signal'], 'watch');
  assertPlace(options);
  return new MountWatch(options, anyChanges);
}
