// One kind of object for everything that watches: an asynchronous iterator of events that can be closed.
import { onAbort, throwIfAborted } from './abort.js';

/** The source of a watch's events. */
export interface WatchSource<Event> {
  /**
   * Returns the events since the last call, oldest first; `undefined` once the watched thing is gone,
   * which ends the watch. Called when the source has called `wake`, and when a reader comes.
   */
  take(): readonly Event[] | undefined;
  /** Stops watching and closes all descriptors. Called once. */
  close(): void;
  /** Keeps the event loop alive. Called when a reader begins to wait. */
  ref?(): void;
  /** Lets the event loop end. Called when no reader waits any more. */
  unref?(): void;
}

interface Reader<Event> {
  resolve(result: IteratorResult<Event, undefined>): void;
  reject(error: unknown): void;
}

/**
 * Events as they happen, from the call that made the watch on. It ends when the watched thing does, or
 * by {@link close}: then the iteration is done. If its signal fires, the iteration throws an AbortError.
 *
 * @example
 * using watch = watchLinks();
 * for await (const event of watch) console.log(event);
 */
export class Watch<Event> implements AsyncIterableIterator<Event, undefined>, Disposable {
  readonly #source: WatchSource<Event>;
  #stopListening = () => {};
  readonly #readers: Reader<Event>[] = [];
  #events: Event[] = [];
  #failure: { readonly error: unknown } | undefined;
  #closed = false;

  /**
   * @param open starts to watch; the source calls `wake` whenever it may have events
   * @throws an AbortError if the signal has fired already
   */
  constructor(open: (wake: () => void) => WatchSource<Event>, signal?: AbortSignal) {
    throwIfAborted(signal);
    let isOpen = false;
    this.#source = open(() => {
      if (isOpen) this.#wake();
    });
    isOpen = true;
    this.#source.unref?.();
    this.#stopListening = onAbort(signal, (error) => {
      this.#events = [];
      this.#fail(error);
    });
  }

  /** The next event. */
  next(): Promise<IteratorResult<Event, undefined>> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (this.#readers.length === 1 && !this.#closed) this.#source.ref?.();
      this.#wake();
    });
  }

  /** Ends the watch: called when a `for await` is left. */
  return(): Promise<IteratorResult<Event, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the watch. A second call does nothing. */
  close(): void {
    this.#end();
    this.#events = [];
    this.#failure = undefined;
    this.#settle();
  }

  /** Ends the watch, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Ends the watch, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Returns the watch itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    this.#source.close();
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#failure = { error };
    this.#end();
    this.#settle();
  }

  #wake(): void {
    if (!this.#closed && this.#events.length === 0) {
      try {
        const events = this.#source.take();
        if (events) this.#events = [...events].reverse();
        else this.#end();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#settle();
  }

  /** Gives the waiting readers what there is: events first, then the failure, then the end. */
  #settle(): void {
    while (this.#readers.length > 0) {
      const reader = this.#readers[0] as Reader<Event>;
      if (this.#events.length > 0) {
        reader.resolve({ done: false, value: this.#events.pop() as Event });
      } else if (this.#failure) {
        reader.reject(this.#failure.error);
        this.#failure = undefined;
      } else if (this.#closed) {
        reader.resolve({ done: true, value: undefined });
      } else {
        return;
      }
      this.#readers.shift();
      if (this.#readers.length === 0 && !this.#closed) this.#source.unref?.();
      else if (this.#readers.length > 0 && this.#events.length === 0 && !this.#closed) {
        this.#wake();
        return;
      }
    }
  }
}
